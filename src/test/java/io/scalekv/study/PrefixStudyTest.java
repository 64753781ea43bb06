package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Budget;
import io.scalekv.experiment.ResultFixtures;
import io.scalekv.experiment.ResultFolder;
import io.scalekv.experiment.RunResult;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.report.ReportTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gains over equal shares of results whose differences are known. */
final class PrefixStudyTest {
  @TempDir Path folder;

  private Path write(RunResult... results) throws IOException {
    ResultFixtures.file(List.of(results)).write(folder);
    for (RunResult r : results) {
      new ResultFolder(folder).write(r);
    }
    return folder;
  }

  private static Study.Answer answer(Path... folders) throws IOException {
    return Study.of("prefix")
        .answer(
            new Study.Request(
                List.of(folders),
                LayerStatistic.ASI,
                "rank",
                Budget.parse("10%"),
                0,
                0,
                Study.Replay.DEFAULT));
  }

  @Test
  void gainsStandBesideThePublishedOnes() throws IOException {
    Path results =
        write(
            ResultFixtures.result("snapkv", "peak-10%", 27, 25),
            ResultFixtures.result("scalekv", "peak-10%", 25, 24));
    Study.Answer answer = answer(results);
    ReportTable table = answer.tables().get(0);
    List<Map<String, Object>> rows = table.rows();
    Map<String, Object> measured =
        rows.stream()
            .filter(r -> "PSNR".equals(r.get("metric")) && "pocket".equals(r.get("model")))
            .findFirst()
            .orElseThrow();
    assertEquals("scalekv", measured.get("policy"));
    assertEquals(265L, measured.get("prefix"));
    assertEquals(-1.0, ((Number) measured.get("gain")).doubleValue(), 1e-9);
    // table 1 of the paper, 10 %: ScaleKV 22.64 dB, SnapKV 20.83
    Map<String, Object> published =
        rows.stream()
            .filter(r -> "Infinity-2B (published)".equals(r.get("model")))
            .filter(r -> "scalekv".equals(r.get("policy")))
            .findFirst()
            .orElseThrow();
    assertEquals(6425L, published.get("prefix"));
    assertEquals(1.81, ((Number) published.get("gain")).doubleValue(), 1e-9);
    assertEquals("prefix-peak10", answer.figures().get(0).name());
  }

  @Test
  void theUniformPolicyIsNeeded() throws IOException {
    Path results = write(ResultFixtures.result("scalekv", "10%", 27, 24));
    Exception e = assertThrows(IllegalArgumentException.class, () -> answer(results));
    assertTrue(e.getMessage().contains("snapkv at 10%"), e.getMessage());
    assertThrows(IllegalArgumentException.class, PrefixStudyTest::answer);
  }
}
