package io.scalekv.cli;

import io.scalekv.report.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
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
    long start = System.nanoTime();
    Report.Written w = Report.write(folder);
    double seconds = Math.round((System.nanoTime() - start) / 1e8) / 10.0;
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("page", w.page().toString());
    document.put("experiments", w.experiments());
    document.put("tables", w.tables());
    document.put("figures", w.figures());
    document.put("contactSheets", w.sheets());
    document.put("rowsWithoutResult", w.missing());
    document.put("wallSeconds", seconds);
    output.json(document);
    output.line(
        "%s: %d experiments, %d tables, %d figures, %d contact sheets%s (%.1f s)",
        w.page(),
        w.experiments(),
        w.tables(),
        w.figures(),
        w.sheets(),
        w.missing() == 0 ? "" : ", " + w.missing() + " rows without a result",
        seconds);
    return 0;
  }
}
