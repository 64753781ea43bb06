package io.scalekv.roles;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.ErrorCurves;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/** Calibrations with random statistics. */
public final class RolesFixtures {
  public static final Instant NOON = Instant.parse("2025-01-31T12:00:00Z");
  public static final ScaleSchedule POCKET = ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16);
  public static final Map<String, String> SOFTWARE =
      Map.of("java", "17.0.15", "scalekv", "0.1.0", "djl", "0.35.1", "libtorch", "2.7.1");

  private RolesFixtures() {}

  /** Roles and HeatKV's orders of a small model; every third seed without confidence. */
  public static Calibration calibration(long seed) {
    return calibration(seed, 12, POCKET, "10%", "released");
  }

  public static Calibration calibration(
      long seed, int layers, ScaleSchedule schedule, String request, String allocation) {
    Random random = new Random(seed);
    int scales = schedule.scales();
    double[][] values = new double[layers][scales];
    for (double[] row : values) {
      for (int k = 0; k < scales; k++) {
        row[k] = k == 0 ? Double.NaN : Math.exp(random.nextGaussian() - 3);
      }
    }
    int budget = Budget.parse(request).tokens(schedule);
    int first = BudgetPlan.firstCutScale(schedule, budget);
    ClassifiedRoles classified =
        RoleClassifier.of("rank", OptionalInt.empty(), 0)
            .classify(new RoleStatistics("asi", values, Orientation.LOWEST, first, Map.of()));
    Allocation rule = Allocation.parse(allocation);
    BudgetPlan plan = BudgetPlan.of(schedule, budget, classified.assignment().mask(), rule);
    CalibratedModel model =
        new CalibratedModel("pocket", "sha256:" + "0a".repeat(32), layers, 4, schedule);
    Roles roles = Roles.of(classified, "5%", null, request, rule, plan);
    return Calibration.empty(NOON, model, Map.of("prompts", "10", "seed", "4"), SOFTWARE)
        .with(CalibrationPart.ROLES, seed % 3 == 0 ? roles : withConfidence(roles, random))
        .with(CalibrationPart.HEATKV, orders(random, Math.min(3, scales - 2), model));
  }

  private static Roles withConfidence(Roles r, Random random) {
    double[][] confidence = new double[r.assignment().layers()][r.assignment().scales()];
    for (double[] row : confidence) {
      for (int k = 0; k < row.length; k++) {
        row[k] = random.nextInt(1001) / 1000.0;
      }
    }
    return new Roles(
        r.classified(),
        r.topK(),
        new Roles.Bootstrap(1000, 4),
        confidence,
        r.request(),
        r.allocation(),
        r.plan());
  }

  /** Random orders for a model. */
  public static HeatKvOrders orders(Random random, int sinkScales, CalibratedModel model) {
    int scales = model.scales();
    int[][] orders = new int[scales - 1 - sinkScales][];
    for (int i = 0; i < orders.length; i++) {
      List<Integer> pairs =
          new ArrayList<>(IntStream.range(0, model.layers() * model.heads()).boxed().toList());
      Collections.shuffle(pairs, random);
      orders[i] = pairs.stream().mapToInt(Integer::intValue).toArray();
    }
    return new HeatKvOrders(sinkScales, scales, model.layers(), model.heads(), orders);
  }

  /** Random error curves for a model, numbers of four digits. */
  static ErrorCurves errorCurves(Random random, CalibratedModel model) {
    int scales = model.scales();
    int[][] tokens = new int[scales][];
    double[][][][] error = new double[scales][model.layers()][model.heads()][];
    float[][][][] importance = new float[scales][model.layers()][model.heads()][];
    for (int k = 0; k < scales; k++) {
      int all = model.schedule().tokensBefore(k);
      tokens[k] = k == 0 ? new int[0] : new int[] {0, all};
      for (int l = 0; l < model.layers(); l++) {
        for (int h = 0; h < model.heads(); h++) {
          error[k][l][h] =
              random.ints(tokens[k].length, 0, 400).mapToDouble(i -> i / 4.0).toArray();
          importance[k][l][h] = new float[all];
          for (int j = 0; j < all; j++) {
            importance[k][l][h][j] = random.nextInt(1000) / 1000f;
          }
        }
      }
    }
    double[] sensitivity = random.ints(model.layers(), 1, 9).mapToDouble(i -> i).toArray();
    return new ErrorCurves(tokens, error, importance, sensitivity);
  }
}
