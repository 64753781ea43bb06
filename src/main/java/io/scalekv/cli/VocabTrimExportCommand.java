package io.scalekv.cli;

import io.scalekv.vocabtrim.trim.DraftModel;
import io.scalekv.vocabtrim.trim.HeadSurgery;
import io.scalekv.vocabtrim.trim.Mapping;
import io.scalekv.vocabtrim.trim.MappingFile;
import io.scalekv.vocabtrim.trim.MappingForm;
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
        "Writes a draft model with the head rows of a mapping, copied as stored: floating point,"
            + " quantised rows of a GGUF file, packed int4 and int8. All other tensors stay bit for"
            + " bit.",
    footer = {
      "  ./scalekv vocabtrim export --draft-model draft --mapping mapping.safetensors --out small",
      "  ./scalekv vocabtrim export --draft-model draft.gguf --mapping map.pt --out small.gguf"
    })
final class VocabTrimExportCommand implements Callable<Integer> {
  @Mixin private Output output;

  @Option(
      names = "--draft-model",
      paramLabel = "PATH",
      required = true,
      description = "Folder with config.json and weights, or a GGUF file.")
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
      description = "Form of the mapping (default: the one that the file suggests).")
  private MappingForm form;

  @Option(
      names = "--head",
      paramLabel = "NAME",
      description = "Name of the output head without .weight (default: found by its name).")
  private String head;

  @Option(
      names = "--head-only",
      description =
          "Write the tensors of the head alone, for programs that load it beside a model.")
  private boolean headOnly;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--out",
      paramLabel = "PATH",
      required = true,
      description = "Folder to write; of a GGUF file, the file.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Mapping retained;
    try (DraftModel draft = DraftModel.open(draftModel, head)) {
      retained = MappingFile.read(mapping, form, draft.vocabulary());
    }
    HeadSurgery.Report done = HeadSurgery.trim(draftModel, head, retained, headOnly, out);
    output.json(done);
    if (done.tied()) {
      output.line(
          "the head was tied to the input embedding: its rows are copied to a head of their own,"
              + " the embedding stays whole");
    }
    output.line(
        "%s: head of %,d instead of %,d rows, %,d instead of %,d bytes",
        out, done.retained(), done.rowsBefore(), done.headBytes(), done.headBytesBefore());
    output.next("vocabtrim", "check", out, "--target", "TARGET");
    return 0;
  }
}
