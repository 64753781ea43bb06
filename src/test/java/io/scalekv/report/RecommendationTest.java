package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Budget;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.experiment.Frontier;
import io.scalekv.experiment.ResultFixtures;
import io.scalekv.experiment.Run;
import io.scalekv.metrics.Interval;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Recommendations between made-up measurements. */
final class RecommendationTest {
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16);
  private static final Geometry GEOMETRY = new Geometry(12, 4, 32);

  private static Frontier.Point point(
      String policy, String budget, long bytes, double psnr, String split) {
    Run.Policy like = ResultFixtures.run(policy, budget, 27).policy();
    Run.Policy p =
        new Run.Policy(
            policy,
            budget,
            27,
            split,
            split == null ? null : Integer.valueOf(3),
            like.keyType(),
            like.valueType(),
            null);
    return new Frontier.Point(
        policy + " at " + budget,
        "id",
        p,
        bytes,
        bytes,
        new Interval(psnr, psnr - 1, psnr + 1, 8, 0),
        Map.of("psnr", new Interval(psnr, psnr - 1, psnr + 1, 8, 0)));
  }

  private static Frontier frontier(Frontier.Point... points) {
    Run run = ResultFixtures.run("h2o", "10%", 27);
    return new Frontier(
        Frontier.SCHEMA_VERSION,
        "made-up",
        "d".repeat(64),
        run.model(),
        SCHEDULE.maps().stream().map(Object::toString).toList(),
        3,
        new Run.Prompts("b".repeat(64), 8, 1, 0),
        points.length,
        List.of(points));
  }

  private static Recommendation of(Frontier frontier, String budget, int batch) {
    return Recommendation.of(
        frontier, GEOMETRY, SCHEDULE, Budget.parse(budget), batch, t -> PolicyCalibration.NONE);
  }

  @Test
  void interpolatesInTheLogarithmOfBytes() {
    Frontier f =
        frontier(
            point("snapkv", "4%", 400_000, 20, null), point("snapkv", "20%", 1_600_000, 24, null));
    Recommendation r = of(f, "800kB", 1);
    assertTrue(r.evidence().interpolated());
    assertEquals(22, r.evidence().psnrOfMeanMseDb(), 1e-9, "half of two doublings");
    assertEquals(800_000, r.peakKvBytes());
    assertEquals("800000B", r.policyBudget());
    assertTrue(r.budgetTokens() > 1 && r.budgetTokens() < 60, "tokens " + r.budgetTokens());
    assertEquals(2, r.evidence().measured().size());
    Recommendation two = of(f, "1600kB", 2);
    assertEquals(r.evidence().psnrOfMeanMseDb(), two.evidence().psnrOfMeanMseDb(), 1e-9);
    assertEquals(r.budgetTokens(), two.budgetTokens());
    assertTrue(two.command().contains("--batch 2"), two.command());
    assertEquals(
        "./scalekv generate --model pocket --policy snapkv --budget 800000B --key-type fp32"
            + " --value-type fp32",
        r.command());
  }

  @Test
  void beyondAndAtMeasuredBytesNothingIsInterpolated() {
    Frontier f =
        frontier(
            point("snapkv", "4%", 400_000, 20, null), point("snapkv", "20%", 1_600_000, 24, null));
    for (String budget : List.of("1600kB", "2000kB")) {
      Recommendation r = of(f, budget, 1);
      assertFalse(r.evidence().interpolated());
      assertEquals(24, r.evidence().psnrOfMeanMseDb());
      assertEquals("20%", r.policyBudget());
      assertEquals(1_600_000, r.peakKvBytes());
    }
    String message =
        assertThrows(IllegalArgumentException.class, () -> of(f, "300kB", 1)).getMessage();
    assertTrue(message.contains("400000") && message.contains("300000"), message);
  }

  @Test
  void theBestPolicyAtTheBytesWins() {
    Frontier f =
        frontier(
            point("snapkv", "4%", 400_000, 20, null),
            point("h2o", "10%", 700_000, 22, null),
            point("snapkv", "20%", 1_600_000, 24, null));
    assertEquals("snapkv", of(f, "1000kB", 1).policy(), "22.6 dB against 22");
    assertEquals("h2o", of(f, "710kB", 1).policy(), "22 dB against 21.7");
  }

  /** A setting whose images equal those of the full cache has no finite PSNR, and is the best. */
  @Test
  void identicalImagesAreTheBest() {
    Frontier f =
        frontier(
            point("snapkv", "20%", 400_000, 60, null),
            point("h2o", "40%", 800_000, Double.POSITIVE_INFINITY, null));
    Recommendation r = of(f, "800kB", 1);
    assertEquals("h2o", r.policy());
    assertNull(r.evidence().psnrOfMeanMseDb());
    assertTrue(r.lines().stream().anyMatch(l -> l.contains("∞ dB")), r.lines().toString());
    assertEquals("snapkv", of(f, "799kB", 1).policy());
  }

  /** Splits of the budget between branches are measured one by one, with no line between them. */
  @Test
  void aSplitStandsForItself() {
    Frontier f =
        frontier(point("h2o", "27t", 400_000, 20, "3t"), point("h2o", "53t", 1_600_000, 24, "6t"));
    Recommendation r = of(f, "800kB", 1);
    assertFalse(r.evidence().interpolated());
    assertEquals("3t", r.unconditionalBudget());
    assertTrue(r.command().contains("--budget 27t --cfg-budget-split 3t"), r.command());
  }

  @Test
  void theFullCacheIsTakenWhereItFits() {
    Recommendation r = of(frontier(point("h2o", "27t", 400_000, 20, null)), "100%", 1);
    assertEquals("full", r.policy());
    assertNull(r.evidence());
    assertNull(r.policyBudget());
    assertEquals(265L * 24_576, r.peakKvBytes());
    assertTrue(r.lines().contains("the full cache fits"));
  }
}
