package io.scalekv.roles;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import tools.jackson.databind.node.ObjectNode;

/** Calibrations with random metrics. */
public final class RolesFixtures {
  public static final Instant NOON = Instant.parse("2025-01-31T12:00:00Z");
  public static final ScaleSchedule POCKET = ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16);
  public static final RolesDocument.Software SOFTWARE =
      new RolesDocument.Software("17.0.15", "0.1.0", "0.35.1", "2.7.1");

  private RolesFixtures() {}

  public static RolesDocument document(long seed) {
    return document(seed, 12, POCKET, "10%", "released");
  }

  public static RolesDocument document(
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
    RolesDocument.Model model =
        new RolesDocument.Model("pocket", "sha256:" + "0a".repeat(32), layers, 4, schedule.maps());
    ObjectNode calibrations =
        Calibrations.none(model).withHeatKv(orders(random, 3, model)).toJson();
    calibrations.putObject("another").putArray("numbers").add(1);
    RolesDocument document =
        RolesDocument.of(
            NOON,
            model,
            new RolesDocument.Calibration(
                "scenes-10.txt", "1b".repeat(32), 10, seed, 3, 1, 0.97, seed % 2 == 0 ? null : 64),
            new ClassifiedRoles(
                roles,
                "rank",
                new TreeMap<>(Map.of("drafters", "given")),
                new TreeMap<>(Map.of("firstRefinerZ", "-1.2"))),
            null,
            "5 % of the history, per head",
            request,
            allocation,
            plan,
            SOFTWARE,
            calibrations);
    return seed % 3 == 0 ? document : withConfidence(document, random);
  }

  /** The same with a random confidence in each role. */
  private static RolesDocument withConfidence(RolesDocument d, Random random) {
    RolesDocument.Classification c = d.classification();
    return new RolesDocument(
        d.schemaVersion(),
        d.timestamp(),
        d.model(),
        d.calibration(),
        d.metric(),
        new RolesDocument.Classification(
            c.classifier(), c.settings(), c.found(), new RolesDocument.Bootstrap(1000, 4)),
        d.budget(),
        d.pairs().stream()
            .map(
                p ->
                    new RolesDocument.Pair(
                        p.layer(),
                        p.scale(),
                        p.metric(),
                        p.z(),
                        p.role(),
                        random.nextInt(1001) / 1000.0,
                        p.budgetTokens()))
            .toList(),
        d.software(),
        d.calibrations());
  }

  /** Random orders for a model. */
  public static HeatKvOrders orders(Random random, int sinkScales, RolesDocument.Model model) {
    int scales = model.schedule().size();
    int[][] orders = new int[scales - 1 - sinkScales][];
    for (int i = 0; i < orders.length; i++) {
      List<Integer> pairs =
          new ArrayList<>(IntStream.range(0, model.layers() * model.heads()).boxed().toList());
      Collections.shuffle(pairs, random);
      orders[i] = pairs.stream().mapToInt(Integer::intValue).toArray();
    }
    return HeatKvOrders.of(sinkScales, scales, model.layers(), model.heads(), orders);
  }
}
