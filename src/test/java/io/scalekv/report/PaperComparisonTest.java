package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.Results;
import io.scalekv.report.PaperComparison.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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

  /** A toy's PSNR stands beside the paper's and is never called comparable. */
  @Test
  void aToyIsNotComparable() throws IOException {
    new ReportFixtures("table1", 4).policy("snapkv", 10, 27, 20).write(folder);
    List<PaperComparison.Row> rows = PaperComparison.of(List.of(Results.read(folder)));
    List<PaperComparison.Row> ours =
        rows.stream().filter(r -> r.verdict() != Verdict.NOT_RUN).toList();
    // PSNR and the Fréchet distance, beside each of the paper's models; no LPIPS was measured.
    assertEquals(4, ours.size());
    for (PaperComparison.Row r : ours) {
      assertEquals(Verdict.NOT_COMPARABLE, r.verdict());
      assertEquals("snapkv at 10 %", r.what());
      assertTrue(r.note().startsWith("toy model; "), r.note());
    }
    assertEquals("20.83", ours.get(1).paper());
    assertEquals(20.375, ours.get(1).ours());
  }
}
