package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

final class UnsureRoleTest {
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 4);

  /** Layers 0 and 1 tie at scale 3; the others are far from them and from each other. */
  private static Calibration calibration(String prompts, double[][] confidence) {
    double nan = Double.NaN;
    double[][] values = {{nan, 1, 1}, {nan, 2, 1.01}, {nan, 3, 5}, {nan, 4, 9}};
    ClassifiedRoles roles =
        RoleClassifier.of("rank", OptionalInt.of(1), 0)
            .classify(new RoleStatistics("asi", values, Orientation.LOWEST, 2, Map.of()));
    Allocation released = new Allocation.Released();
    BudgetPlan plan = BudgetPlan.of(SCHEDULE, 4, roles.assignment().mask(), released);
    Roles.Bootstrap bootstrap = confidence == null ? null : new Roles.Bootstrap(10, 0);
    return Calibration.empty(
            Instant.EPOCH,
            new CalibratedModel("any", "random:1", 4, 1, SCHEDULE),
            Map.of("prompts", prompts),
            Map.of())
        .with(
            CalibrationPart.ROLES,
            new Roles(roles, "5%", bootstrap, confidence, "4t", "released", plan));
  }

  private static double[][] confidence(double... ofScale3) {
    double[][] all = new double[ofScale3.length][];
    for (int l = 0; l < all.length; l++) {
      all[l] = new double[] {1, 1, ofScale3[l]};
    }
    return all;
  }

  @Test
  void draftersFirstEachWithItsRival() {
    List<UnsureRole> unsure = UnsureRole.of(calibration("10", confidence(0.5, 0.6, 1, 0.79)));
    assertEquals(
        List.of(new LayerScale(0, 2), new LayerScale(1, 2), new LayerScale(3, 2)),
        unsure.stream().map(UnsureRole::pair).toList());
    assertEquals(
        List.of(Role.DRAFTER, Role.REFINER, Role.REFINER),
        unsure.stream().map(UnsureRole::role).toList());
    assertTrue(unsure.get(0).reason().contains("few images (10)"), unsure.get(0).reason());
    assertTrue(unsure.get(0).reason().contains("layer 1 at scale 3 (4x4)"));
    assertTrue(unsure.get(1).reason().contains("layer 0 at scale 3 (4x4)"));
  }

  @Test
  void sureAtTheThreshold() {
    assertEquals(List.of(), UnsureRole.of(calibration("128", confidence(0.8, 0.8, 1, 1))));
  }

  /** Enough images that disagree although nothing ties; nothing resampled. */
  @Test
  void otherReasons() {
    List<UnsureRole> far = UnsureRole.of(calibration("128", confidence(1, 1, 1, 0.2)));
    assertEquals("images disagree", far.get(0).reason());
    UnsureRole alone = UnsureRole.of(calibration("128", null)).get(0);
    assertEquals(new LayerScale(0, 2), alone.pair());
    assertTrue(Double.isNaN(alone.confidence()) && alone.reason().startsWith("no bootstrap"));
    assertTrue(UnsureRole.of(calibration("1", null)).get(0).reason().contains("a single image"));
  }

  /** Drafters that are not sure share alike with the refiners, at other budgets too. */
  @Test
  void unsureDraftersShareAlike() {
    double nan = Double.NaN;
    double[][] values = {{nan, 1, 1}, {nan, 2, 1.01}, {nan, 3, 5}, {nan, 4, 9}};
    double[][] drafter = {{0, 0, 0.79}, {0, 0, 0.8}, {0, 0, 0.3}, {0, 0, 0}};
    ClassifiedRoles ranked =
        RoleClassifier.of("rank", OptionalInt.of(2), 0)
            .classify(new RoleStatistics("asi", values, Orientation.LOWEST, 2, Map.of()));
    ClassifiedRoles sure = ranked.sure((l, k) -> drafter[l][k]);
    assertEquals(List.of(new LayerScale(1, 2)), List.copyOf(sure.assignment().drafters()));
    assertEquals(1, sure.leftOut());
    assertEquals(0, ranked.leftOut());
    Allocation released = new Allocation.Released();
    BudgetPlan plan = BudgetPlan.of(SCHEDULE, 2, sure.assignment().mask(), released);
    assertEquals(plan.tokens(2, 0), plan.tokens(2, 3), "an unsure layer holds what refiners hold");
    assertTrue(plan.tokens(2, 1) > plan.tokens(2, 0));
    double[][] confidence = confidence(0.21, 0.8, 0.7, 1);
    Roles.Bootstrap bootstrap = new Roles.Bootstrap(10, 0);
    Roles roles = new Roles(sure, "5%", bootstrap, confidence, "2t", "released", plan);
    assertEquals(sure.assignment(), roles.at(SCHEDULE, 3), "layer 0 is still unsure");
    Roles kept = new Roles(ranked, "5%", bootstrap, confidence, "2t", "released", plan);
    assertEquals(ranked.assignment(), kept.at(SCHEDULE, 3));
  }
}
