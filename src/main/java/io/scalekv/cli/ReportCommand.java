package io.scalekv.cli;

import io.scalekv.report.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tables, figures and a page from result files. */
@Command(
    name = "report",
    description =
        "Tables, figures, contact sheets and one HTML page from result files alone, into DIR/report.")
final class ReportCommand implements Callable<Integer> {
  /** What the command reports. */
  record Said(
      String page,
      int experiments,
      int tables,
      int figures,
      int contactSheets,
      int rowsWithoutResult,
      double wallSeconds) {}

  @Spec private CommandSpec spec;
  @Mixin private JsonOption json;

  @Parameters(
      paramLabel = "DIR",
      description = "Results of one experiment, or a folder of such folders.")
  private Path folder;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    Report.Written w = Report.write(folder);
    Said said =
        new Said(
            w.page().toString(),
            w.experiments(),
            w.tables(),
            w.figures(),
            w.sheets(),
            w.missing(),
            Math.round((System.nanoTime() - start) / 1e8) / 10.0);
    json.print(spec.commandLine().getOut(), said, ReportCommand::text);
    return 0;
  }

  private static String text(Said s) {
    return String.format(
        Locale.ROOT,
        "%s: %d experiments, %d tables, %d figures, %d contact sheets%s (%.1f s)",
        s.page(),
        s.experiments(),
        s.tables(),
        s.figures(),
        s.contactSheets(),
        s.rowsWithoutResult() == 0 ? "" : ", " + s.rowsWithoutResult() + " rows without a result",
        s.wallSeconds());
  }
}
