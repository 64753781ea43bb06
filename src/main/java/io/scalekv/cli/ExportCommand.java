package io.scalekv.cli;

import io.scalekv.report.Export;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Results in the formats of other tools. */
@Command(
    name = "export",
    description =
        "Writes results for other tools: one row for each number of each image (csv, parquet,"
            + " jsonl), a booktabs table for each experiment (latex), a file store for mlflow ui,"
            + " or event files for tensorboard.",
    footer = {
      "  ./scalekv export out/table1 --to parquet --out out/table1.parquet",
      "  ./scalekv export out/paper/pocket --to tensorboard --out out/events"
    })
final class ExportCommand implements Callable<Integer> {
  @Mixin private Output output;

  @Parameters(
      paramLabel = "DIR",
      description = "Results of one experiment, or a folder of such folders.")
  private Path folder;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "FORMAT",
      description = "Format: csv, parquet, jsonl, latex, mlflow or tensorboard.")
  private Export.Format format;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--out",
      paramLabel = "PATH",
      description =
          "Folder to write into (default: out/export/FORMAT); of csv, parquet and jsonl also the"
              + " file, if its name ends so.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Path target = Export.target(out == null ? Path.of("out", "export", format.key()) : out, format);
    OutputFolder.prepare(format.tidy() ? target.toAbsolutePath().getParent() : target);
    Export results = Export.open(folder);
    Export.Written w;
    try (Progress progress = output.progress("export", results.experiments())) {
      w = results.write(format, target, progress::step);
    }
    output.json(
        Map.of("format", format.key(), "experiments", w.experiments(), "runs", w.runs()),
        format.tidy() ? Map.of("rows", w.rows()) : Map.of(),
        output.work(w.files()));
    output.files(w.files());
    output.line(
        "%d experiments, %d runs%s",
        w.experiments(), w.runs(), format.tidy() ? ", " + w.rows() + " rows" : "");
    switch (format) {
      case MLFLOW ->
          output.line(
              "open with: MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri %s", target);
      case TENSORBOARD -> output.line("open with: tensorboard --logdir %s", target);
      default -> {}
    }
    return 0;
  }
}
