package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.Campaign;
import io.scalekv.experiment.Frontier;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.Runner;
import io.scalekv.metrics.Psnr;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rankings of settings of which one leaves images identical to the full cache: the mean PSNR of the
 * rest is lower than that of a setting which is worse in every single image.
 */
final class IdenticalImagesTest {
  private static final double SAME = Double.POSITIVE_INFINITY;
  private static final String BETTER = "h2o at 10%";
  private static final String WORSE = "snapkv at 10%";

  @TempDir Path folder;

  private Results results;

  @BeforeEach
  void write() throws IOException {
    ReportFixtures f = new ReportFixtures("t", 4);
    Run better = f.run(Run.Kind.POLICY, "h2o", "10%", 27, null);
    Run worse = f.run(Run.Kind.POLICY, "snapkv", "10%", 27, null);
    f.add("a", BETTER, better, new double[] {SAME, SAME, 22, 23});
    f.add("a", WORSE, worse, new double[] {40, 40, 21, 22});
    f.write(folder);
    results = Results.read(folder);
  }

  @Test
  void theMeanOfTheRestTurnsTheOrder() {
    List<Double> means =
        ResultRow.of(results).stream().map(r -> r.result().metrics().get("psnr").mean()).toList();
    assertTrue(means.get(0) < means.get(1), means::toString);
  }

  @Test
  void theFrontierHasTheBetter() {
    List<Frontier.Point> points = Frontier.of(results).points();
    assertEquals(List.of(BETTER), points.stream().map(Frontier.Point::label).toList());
    assertEquals(Psnr.ofMeanError(SAME, SAME, 22, 23), points.get(0).psnrDb(), 1e-9);
  }

  @Test
  void tablesMarkTheBetterInTheColumnOfAllImages() {
    ReportTable main = ResultTables.of(results).get(0);
    int psnr = main.shown().columnNames().indexOf("PSNR (dB) ↑");
    int all = main.shown().columnNames().indexOf("PSNR of mean MSE (dB) ↑");
    assertFalse(main.row(0).get(psnr).startsWith("**"), main::markdown);
    assertFalse(main.row(1).get(psnr).startsWith("**"), main::markdown);
    assertTrue(main.row(0).get(all).startsWith("**25.48"), main::markdown);
    assertFalse(main.row(1).get(all).startsWith("**"), main::markdown);
  }

  @Test
  void figuresAreOfAllImages() {
    List<String> names = ExperimentFigures.of(results).stream().map(NamedFigure::name).toList();
    assertTrue(names.contains("t-psnr-of-mean-mse"), names::toString);
    assertFalse(names.contains("t-psnr"), names::toString);
  }

  @Test
  void exportsHaveTheValueOfAllImages() {
    List<Double> values =
        ResultRow.of(results).stream()
            .map(r -> TidyRow.ofRun(r.result()).get("psnr-of-mean-mse"))
            .toList();
    assertTrue(values.get(0) > values.get(1), values::toString);
  }

  @Test
  void theSummaryOfASweepHasTheColumn() {
    List<Runner.Ended> runs =
        ResultRow.of(results).stream()
            .map(
                r ->
                    new Runner.Ended(
                        r.row().id(), "a", r.row().label(), Runner.Status.DONE, null, r.result()))
            .toList();
    ReportTable table = SweepSummary.of(new Campaign.Outcome("t", folder, runs, 1)).table();
    int all = table.shown().columnNames().indexOf("PSNR of mean MSE (dB) ↑");
    assertTrue(table.row(0).get(all).startsWith("25.48 ["), table.row(0)::toString);
  }
}
