package io.scalekv.roles;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import java.time.Instant;
import java.util.Random;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Calibrations with random metrics. */
final class RolesFixtures {
  static final Instant NOON = Instant.parse("2025-01-31T12:00:00Z");
  static final ScaleSchedule POCKET = ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16);
  static final RolesDocument.Software SOFTWARE =
      new RolesDocument.Software("17.0.15", "0.1.0", "0.35.1", "2.7.1");

  private RolesFixtures() {}

  static RolesDocument document(long seed) {
    return document(seed, 12, POCKET, "10%", "released");
  }

  static RolesDocument document(
      long seed, int layers, ScaleSchedule schedule, String request, String allocation) {
    Random random = new Random(seed);
    int scales = schedule.scales();
    double[][] metric = new double[layers][scales];
    for (double[] row : metric) {
      for (int k = 0; k < scales; k++) {
        row[k] = k == 0 ? Double.NaN : Math.exp(random.nextGaussian() - 3);
      }
    }
    int budget = Budget.parse(request).tokens(schedule);
    int first = BudgetPlan.firstCutScale(schedule, budget);
    LayerRoles roles =
        LayerRoles.of(
            "asi",
            metric,
            Orientation.LOWEST,
            first,
            LayerRoles.defaultDrafters(layers, scales - first));
    BudgetPlan plan =
        BudgetPlan.of(schedule, budget, roles.assignment().mask(), Allocation.parse(allocation));
    ObjectNode calibrations = JsonNodeFactory.instance.objectNode();
    calibrations.putObject("heatkv").put("sinkScales", 3).putArray("orders").addArray().add(1);
    return RolesDocument.of(
        NOON,
        new RolesDocument.Model("pocket", "sha256:" + "0a".repeat(32), layers, 4, schedule.maps()),
        new RolesDocument.Calibration(
            "scenes-10.txt", "1b".repeat(32), 10, seed, 3, 1, 0.97, seed % 2 == 0 ? null : 64),
        roles,
        "5 % of the history, per head",
        request,
        allocation,
        plan,
        SOFTWARE,
        calibrations);
  }
}
