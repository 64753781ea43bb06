package io.scalekv.cli;

import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.vocabtrim.trim.MappingFile;
import io.scalekv.vocabtrim.trim.MappingForm;
import io.scalekv.vocabtrim.trim.TrimmedDraftModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Export of a draft model with a trimmed head. */
@Command(
    name = "export",
    description =
        "Writes a draft model with the head rows of a mapping, d2t and t2d, as EAGLE-3 and"
            + " speculators store them.",
    footer = {
      "  ./scalekv vocabtrim export --draft-model draft --mapping map.pt --form fr-spec --out"
          + " small",
      "  ./scalekv vocabtrim export --draft-model draft --mapping m.bin --form llama-cpp --out"
          + " small"
    })
final class VocabTrimExportCommand implements Callable<Integer> {
  /** JSON document. */
  record Report(
      String folder,
      int vocabulary,
      int retained,
      long headParametersBefore,
      long headParameters) {}

  @Mixin private Output output;

  @Option(
      names = "--draft-model",
      paramLabel = "DIR",
      required = true,
      description = "Folder with config.json and weights.")
  private Path draftModel;

  @Option(
      names = "--mapping",
      paramLabel = "FILE",
      required = true,
      description = "File of the tokens to retain.")
  private Path mapping;

  @Option(
      names = "--form",
      paramLabel = "FORM",
      required = true,
      description = "Form of the mapping: fr-spec, d2t-offset, d2t-absolute or llama-cpp.")
  private MappingForm form;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder to write.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    int vocabulary = TrimmedDraftModel.vocabulary(draftModel);
    VocabularySubset retained = MappingFile.read(mapping, form, vocabulary).retained();
    OutputFolder.prepare(out);
    TrimmedDraftModel.Report done = TrimmedDraftModel.write(draftModel, retained, out);
    output.json(
        new Report(
            out.toString(),
            done.vocabulary(),
            done.retained(),
            done.headParametersBefore(),
            done.headParameters()));
    output.line(
        "%s: head of %d instead of %d rows, %,d instead of %,d parameters",
        out,
        done.retained(),
        done.vocabulary(),
        done.headParameters(),
        done.headParametersBefore());
    return 0;
  }
}
