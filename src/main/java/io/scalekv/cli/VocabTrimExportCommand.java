package io.scalekv.cli;

import io.scalekv.vocabtrim.trim.Mapping;
import io.scalekv.vocabtrim.trim.MappingFile;
import io.scalekv.vocabtrim.trim.MappingForm;
import io.scalekv.vocabtrim.trim.TrimmedDrafter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes a drafter with a trimmed head. */
@Command(
    name = "export",
    description =
        "Write a drafter with the head rows of a mapping, d2t and t2d, as EAGLE-3 and speculators"
            + " have them.")
final class VocabTrimExportCommand implements Callable<Integer> {
  /** What the command reports. */
  record Report(
      String folder, int vocabulary, int kept, long headParametersBefore, long headParameters) {}

  @Spec private CommandSpec spec;
  @Mixin private JsonOption json;

  @Option(
      names = "--drafter",
      paramLabel = "DIR",
      required = true,
      description = "Folder with config.json and weights.")
  private Path drafter;

  @Option(
      names = "--mapping",
      paramLabel = "FILE",
      required = true,
      description = "Tokens to keep.")
  private Path mapping;

  @Option(
      names = "--form",
      paramLabel = "FORM",
      required = true,
      description = "Form of the mapping: fr-spec, d2t-offset, d2t-absolute or llama-cpp.")
  private String form;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder to write.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    int vocabulary = TrimmedDrafter.vocabulary(drafter);
    Mapping kept = MappingFile.read(mapping, MappingForm.of(form), vocabulary);
    OutputFolder.prepare(out);
    TrimmedDrafter.Report done = TrimmedDrafter.write(drafter, kept.kept(), out);
    json.print(
        spec.commandLine().getOut(),
        new Report(
            out.toString(),
            done.vocabulary(),
            done.kept(),
            done.headParametersBefore(),
            done.headParameters()),
        r ->
            String.format(
                Locale.ROOT,
                "%s: head of %d instead of %d rows, %,d instead of %,d parameters",
                r.folder(),
                r.kept(),
                r.vocabulary(),
                r.headParameters(),
                r.headParametersBefore()));
    return 0;
  }
}
