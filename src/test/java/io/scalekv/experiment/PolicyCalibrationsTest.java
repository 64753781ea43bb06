package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.model.ModelCatalog;
import io.scalekv.roles.Calibrations;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.LayerRoles;
import io.scalekv.roles.RolesDocument;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PolicyCalibrationsTest {
  private final RolesDocument document =
      ShippedCalibrations.of(ModelCatalog.config("pocket")).orElseThrow();
  private final ScaleSchedule schedule =
      ModelCatalog.config("pocket").schedule(Optional.empty(), 1);

  @Test
  void theSameBudgetHasTheRolesOfTheDocument() {
    PolicyCalibration c = PolicyCalibrations.of(document, schedule, 12, 4, 27);
    assertArrayEquals(
        document.assignment().mask(), c.part(PolicyCalibration.ROLES, boolean[][].class));
    Calibrations more = Calibrations.of(document);
    HeatKvOrders orders = more.heatKv().orElseThrow();
    PolicyCalibration.BlockOrder blocks =
        c.part(PolicyCalibration.HEATKV, PolicyCalibration.BlockOrder.class);
    assertEquals(orders.sinkScales(), blocks.firstMap());
    assertEquals(6 - orders.sinkScales(), blocks.order().length);
    assertArrayEquals(orders.order(5), blocks.order()[5 - orders.sinkScales()]);
    assertArrayEquals(
        more.amsKvSimilarity().orElseThrow(), c.part(PolicyCalibration.AMS_KV, double[].class));
    assertArrayEquals(
        more.hackVariance().orElseThrow(), c.part(PolicyCalibration.HACK, double[][].class));
  }

  /** By the metric alone: the lowest z among the scales that read a cut cache. */
  @ParameterizedTest
  @ValueSource(ints = {3, 11, 53, 130})
  void anotherBudgetRanksThePairsThatItCuts(int budget) {
    boolean[][] drafters =
        PolicyCalibrations.of(document, schedule, 12, 4, budget)
            .part(PolicyCalibration.ROLES, boolean[][].class);
    int first = BudgetPlan.firstCutScale(schedule, budget);
    int expected = LayerRoles.defaultDrafters(12, 7 - first);
    double[][] z = document.zTable();
    double worst = Double.NEGATIVE_INFINITY;
    double best = Double.POSITIVE_INFINITY;
    int count = 0;
    for (int l = 0; l < 12; l++) {
      for (int k = 0; k < 7; k++) {
        if (drafters[l][k]) {
          assertTrue(k >= first, "layer " + l + " scale " + k);
          count++;
          worst = Math.max(worst, z[l][k]);
        } else if (k >= first) {
          best = Math.min(best, z[l][k]);
        }
      }
    }
    assertEquals(expected, count);
    assertTrue(count == 0 || worst <= best, Arrays.deepToString(drafters));
  }

  @Test
  void anotherModelIsRefused() {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> PolicyCalibrations.of(document, schedule, 12, 8, 27));
    assertTrue(
        e.getMessage().startsWith("calibration of pocket: 12 layers, 8 heads"), e.toString());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            PolicyCalibrations.of(
                document,
                ModelCatalog.config("pocket-l").schedule(Optional.empty(), 1),
                12,
                4,
                27));
  }
}
