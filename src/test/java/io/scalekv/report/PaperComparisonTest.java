package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.Results;
import io.scalekv.report.PaperComparison.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The paper's numbers beside ours. */
final class PaperComparisonTest {
  @TempDir Path folder;

  @Test
  void withoutResultsNothingIsCompared() {
    List<PaperComparison.Row> rows = PaperComparison.of(List.of());
    assertTrue(rows.size() > 150, "rows: " + rows.size());
    assertTrue(rows.stream().allMatch(r -> r.verdict() == Verdict.NOT_RUN));
    assertTrue(rows.stream().allMatch(r -> Double.isNaN(r.ours())));
    assertEquals(32, rows.stream().filter(r -> r.quantity().startsWith("KV cache of")).count());
  }

  /** A number of another model never stands beside the paper's. */
  @Test
  void aToyIsNotCompared() throws IOException {
    new ReportFixtures("table1", 4).policy("snapkv", 10, 27, 20).write(folder);
    List<PaperComparison.Row> rows = PaperComparison.of(List.of(Results.read(folder)));
    assertTrue(rows.stream().allMatch(r -> r.verdict() == Verdict.NOT_RUN));
  }

  @Test
  void table1IsPublished() {
    Map<String, Double> psnr = PaperComparison.published("Infinity-2B", "10%", "psnr");
    assertEquals(22.64, psnr.get("scalekv"));
    assertEquals(20.83, psnr.get("snapkv"));
    assertEquals(Map.of(), PaperComparison.published("pocket", "10%", "psnr"));
  }
}
