package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import org.junit.jupiter.api.Test;

final class OneLayerTest {
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 4, 6, 8);

  private static BudgetPlan plan(String policy) {
    return Policies.create(
            PolicySpec.parse(policy),
            new PolicyContext(SCHEDULE, new Geometry(3, 2, 1), 10, 0, PolicyCalibration.NONE))
        .plan();
  }

  @Test
  void oneLayerHoldsTheBudgetAllOthersEverything() {
    BudgetPlan plan = plan("one-layer:layer=1");
    for (int k = 0; k < SCHEDULE.scales(); k++) {
      int all = SCHEDULE.tokensBefore(k);
      assertEquals(all, plan.tokens(k, 0));
      assertEquals(Math.min(10, all), plan.tokens(k, 1));
      assertEquals(all, plan.tokens(k, 2));
    }
  }

  @Test
  void oneMapReadsItCut() {
    BudgetPlan plan = plan("one-layer:layer=2,scale=4");
    assertEquals(5, plan.tokens(2, 2));
    assertEquals(10, plan.tokens(3, 2));
    assertEquals(46, plan.tokens(4, 2));
    assertEquals(57, plan.tokens(4, 1));
  }

  @Test
  void layersAndScalesThatAreNotThereAreTold() {
    assertThrows(IllegalArgumentException.class, () -> plan("one-layer:layer=3"));
    assertThrows(IllegalArgumentException.class, () -> plan("one-layer:scale=1"));
    assertThrows(IllegalArgumentException.class, () -> plan("one-layer:scale=6"));
  }
}
