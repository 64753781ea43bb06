package io.scalekv.cli;

import io.scalekv.report.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Tables, figures and a page from result files. */
@Command(
    name = "report",
    description =
        "Writes tables, figures, contact sheets and one HTML page from result files alone, into"
            + " DIR/report.",
    footer = {"  ./scalekv report out/table1", "  ./scalekv report out/paper/pocket --json"})
final class ReportCommand implements Callable<Integer> {
  @Mixin private Output output;

  @Parameters(
      paramLabel = "DIR",
      description = "Results of one experiment, or a folder of such folders.")
  private Path folder;

  @Override
  public Integer call() throws IOException {
    Report.Written w = Report.write(folder);
    output.json(w, output.work(List.of(w.page())));
    output.line(
        "%s: %d experiments, %d tables, %d figures, %d contact sheets%s",
        w.page(),
        w.experiments(),
        w.tables(),
        w.figures(),
        w.sheets(),
        w.missing() == 0 ? "" : ", " + w.missing() + " rows without a result");
    return 0;
  }
}
