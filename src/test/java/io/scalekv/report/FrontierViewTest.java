package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CacheType;
import io.scalekv.experiment.Frontier;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.metrics.Interval;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Table, figure and file of the frontier in a report. */
final class FrontierViewTest {
  @TempDir Path folder;

  private static Run run(ReportFixtures f, String policy, int tokens, String type, String split) {
    Run like = f.run(Run.Kind.POLICY, policy, tokens + "t", tokens, null);
    return new Run(
        like.kind(),
        like.model(),
        like.generation(),
        like.prompts(),
        new Run.Policy(
            policy,
            policy.equals("full") ? null : tokens + "t",
            tokens,
            split,
            split == null ? null : Integer.valueOf(3),
            CacheType.parse(type),
            CacheType.parse(type),
            null),
        null,
        null,
        like.metrics(),
        like.nets(),
        null);
  }

  @Test
  void aReportOfSeveralFormatsHasAFrontier() throws IOException {
    ReportFixtures f = new ReportFixtures("pareto", 4);
    f.add("a", "h2o at 27t", run(f, "h2o", 27, "fp32", null), 24);
    f.add("a", "h2o at 27t, int8", run(f, "h2o", 27, "int8", null), 27);
    f.add("a", "h2o at 27t and 3t, int8", run(f, "h2o", 27, "int8", "3t"), 25);
    f.add("a", "full, int8", run(f, "full", 265, "int8", null), 26);
    f.write(folder);
    Report.write(folder);
    Path tables = folder.resolve("report/tables");
    Frontier frontier = Frontier.read(tables.resolve("pareto-frontier.json"));
    assertEquals(Frontier.of(Results.read(folder)), frontier);
    assertEquals(4, frontier.candidates());
    // All fixtures hold the same bytes, so that only the best is on the frontier.
    assertEquals(
        List.of("h2o at 27t, int8"),
        frontier.points().stream().map(Frontier.Point::label).toList());
    List<String> csv = Files.readAllLines(tables.resolve("pareto-frontier.csv"));
    assertTrue(
        csv.get(0).startsWith("frontier,policy,budget,unconditionalBudget,keyType"), csv.get(0));
    assertEquals(5, csv.size());
    assertTrue(csv.get(1).startsWith("1,h2o,27t,n/a,int8,int8,393216,524288,"), csv.get(1));
    assertTrue(csv.get(2).startsWith("n/a,full,n/a,n/a,int8,int8,"), csv.get(2));
    assertTrue(
        Files.readString(tables.resolve("pareto-frontier.md"))
            .contains("| 1   | **h2o at 27t, int8**"));
    Path figures = folder.resolve("report/figures");
    assertTrue(Files.size(figures.resolve("pareto-frontier.png")) > 5000);
    assertFalse(Files.exists(figures.resolve("pareto-psnr.png")));
    assertTrue(
        Files.readString(folder.resolve("report/report.html"))
            .contains("PSNR of the mean MSE against bytes"));
  }

  @Test
  void fullCachesArePointsOfTheFrontierAndNotItsRulers() throws IOException {
    ReportFixtures f = new ReportFixtures("pareto", 4);
    f.add("a", "h2o at 27t", run(f, "h2o", 27, "fp32", null), 24);
    f.add("a", "full", run(f, "full", 265, "fp32", null), 30);
    f.add("a", "full, int8", run(f, "full", 265, "int8", null), 26);
    f.rulers().write(folder);
    Report.write(folder);
    String frontier = Files.readString(folder.resolve("report/figures/pareto-frontier.svg"));
    assertTrue(frontier.contains("other seed"), frontier);
    assertTrue(frontier.contains("full, int8"), frontier);
    assertFalse(frontier.contains("full cache"), frontier);
  }

  @Test
  void oneFormatHasNone() throws IOException {
    new ReportFixtures("t", 4).policy("h2o", 10, 27, 24).policy("snapkv", 4, 11, 22).write(folder);
    assertTrue(FrontierView.of(Results.read(folder)).isEmpty());
    Report.write(folder);
    try (var files = Files.walk(folder)) {
      assertTrue(files.noneMatch(p -> p.toString().contains("frontier")));
    }
  }

  @Test
  void labelsAreDrawn() throws IOException {
    double[] x = {1, 4, 16};
    List<Interval> y = DoubleStream.of(1, 2, 3).mapToObj(Interval::alone).toList();
    LineFigure.Line line = LineFigure.Line.joined("a", PolicyStyle.of("h2o"), x, y);
    LineFigure.Axes axes = new LineFigure.Axes("t", "x", "y", true);
    String bare = FigureFile.svg(LineFigure.of(axes, List.of(line), List.of()));
    String labelled =
        FigureFile.svg(
            LineFigure.of(
                axes, List.of(line), List.of(), List.of(new LineFigure.Label("here", 4, 2))));
    assertFalse(bare.contains(">here<"));
    assertTrue(labelled.contains(">here<"));
  }
}
