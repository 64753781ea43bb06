package io.scalekv.cache.policy;

import io.scalekv.cache.Attended;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.KeepScorer;
import io.scalekv.cache.Keeper;
import io.scalekv.cache.Kept;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TopTokens;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Tokens whose loss changes attention most stay, and every head holds as many as pay off most
 * (ours). Before each map the total of L·H·b tokens is shared out over all heads by calibrated
 * error curves ({@link ErrorCurves}, {@link ConvexShares}); within a head the tokens of highest
 * score stay ({@link RemovalScorer}). Every ingredient can be switched off.
 */
public final class ErrorCurve implements CachePolicy {
  /** As it is typed. */
  public static final String NAME = "error-curve";

  static final PolicyKind KIND =
      new PolicyKind(
          NAME,
          "ours",
          Map.ofEntries(
              Map.entry(
                  "prior",
                  "weight of what calibration says of a token against what this image says, 0 to 1"
                      + " (1)"),
              Map.entry("score", "of this image: removal (default), or softmax"),
              Map.entry("queries", "of the newest map that speak: all (default), or a number"),
              Map.entry("pool", "none (default), or grid: averaged over neighbours in the map"),
              Map.entry("kernel", "odd side of the square of neighbours (3)"),
              Map.entry("accumulate", "what scores of earlier maps still count, 0 to 1 (0)"),
              Map.entry("protect", "first maps that go last, as far as they fit (0)"),
              Map.entry("allocation", "curve (default), or uniform: b in every head"),
              Map.entry(
                  "use",
                  "share of the budget that is given out, above 0 to 1 (1): to hold as many bytes"
                      + " as a policy that leaves some of its budget"),
              Map.entry(
                  "weight",
                  "of a head's error: sensitivity (of its layer, default), absolute, or relative:"
                      + " by the error with no history")),
          ErrorCurve::new);

  private static final RemovalScorer.Options BY_IMPORTANCE =
      new RemovalScorer.Options(RemovalScorer.Kind.REMOVAL, 0, 1, 0, 1, 0);

  private final String name;
  private final BudgetPlan plan;
  private final RemovalScorer.Options options;
  private final ErrorCurves curves;

  private ErrorCurve(
      String name, BudgetPlan plan, RemovalScorer.Options options, ErrorCurves curves) {
    this.name = name;
    this.plan = plan;
    this.options = options;
    this.curves = curves;
  }

  private ErrorCurve(PolicySpec spec, PolicyContext c) {
    this.name = spec.toString();
    this.options = options(spec, c);
    this.curves = c.calibration().errorCurves();
    boolean uniform = spec.choice("allocation", "curve", "uniform").equals("uniform");
    String weight = spec.choice("weight", "sensitivity", "absolute", "relative");
    if (!uniform || options.prior() > 0) {
      PolicyCalibration.required(curves, NAME, "error curves (calibrate --policies error-curve)");
      check(curves, c);
    }
    double use = share(spec, "use", 1);
    if (use == 0 || (uniform && use < 1)) {
      throw new IllegalArgumentException(
          String.format(
              "policy %s: use: %s expected, got %s",
              NAME, uniform ? "1 with allocation=uniform" : "above 0 to 1", spec.text("use", "1")));
    }
    this.plan = uniform ? c.uniform() : plan(c, curves, weight, use);
  }

  private static void check(ErrorCurves curves, PolicyContext c) {
    if (curves.maps() != c.schedule().scales()
        || curves.layers() != c.layers()
        || curves.heads() != c.heads()) {
      throw new IllegalArgumentException(
          String.format(
              "policy %s: error curves of %d maps, %d layers and %d heads expected, got %d, %d and"
                  + " %d",
              NAME,
              c.schedule().scales(),
              c.layers(),
              c.heads(),
              curves.maps(),
              curves.layers(),
              curves.heads()));
    }
  }

  private static RemovalScorer.Options options(PolicySpec spec, PolicyContext c) {
    int protect = spec.integer("protect", 0, 0, c.schedule().scales());
    while (c.schedule().tokensBefore(protect) > c.budget()) {
      protect--;
    }
    int kernel = Pooling.kernel(spec, 3);
    return new RemovalScorer.Options(
        spec.choice("score", "removal", "softmax").equals("removal")
            ? RemovalScorer.Kind.REMOVAL
            : RemovalScorer.Kind.SOFTMAX,
        spec.text("queries", "all").equals("all")
            ? 0
            : spec.integer("queries", 16, 1, Integer.MAX_VALUE),
        spec.choice("pool", "none", "grid").equals("none") ? 1 : kernel,
        share(spec, "accumulate", 0),
        share(spec, "prior", 1),
        protect);
  }

  private static double share(PolicySpec spec, String key, double otherwise) {
    String text = spec.text(key, String.valueOf(otherwise));
    double value = Double.NaN;
    try {
      value = Double.parseDouble(text);
    } catch (NumberFormatException e) {
      // reported below, with what is out of range
    }
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          "policy " + spec.name() + ": " + key + ": 0 to 1 expected, got " + text);
    }
    return value;
  }

  private static BudgetPlan plan(PolicyContext c, ErrorCurves curves, String weight, double use) {
    ScaleSchedule schedule = c.schedule();
    int pairs = c.layers() * c.heads();
    long total = (long) Math.floor(use * pairs * c.budget() + 1e-9);
    int[][][] tokens = new int[schedule.scales()][c.layers()][c.heads()];
    for (int k = 1; k < tokens.length; k++) {
      int[][] x = new int[pairs][];
      double[][] y = new double[pairs][];
      int[] room = new int[pairs];
      for (int i = 0; i < pairs; i++) {
        int l = i / c.heads();
        int h = i % c.heads();
        double[] error = curves.error()[k][l][h];
        double factor =
            switch (weight) {
              case "absolute" -> 1;
              case "relative" -> error[0] > 0 ? 1 / error[0] : 0;
              default -> curves.sensitivity()[l];
            };
        x[i] = curves.tokens()[k];
        y[i] = Arrays.stream(error).map(e -> e * factor).toArray();
        room[i] = tokens[k - 1][l][h] + schedule.tokens(k - 1);
      }
      int[] shares = ConvexShares.share(x, y, room, total);
      for (int i = 0; i < pairs; i++) {
        tokens[k][i / c.heads()][i % c.heads()] = shares[i];
      }
    }
    return BudgetPlan.ofHeads(schedule, c.budget(), tokens);
  }

  /**
   * The order in which calibration drops the tokens of a layer while it measures error curves: by
   * their importance alone.
   *
   * @param importance [map][layer][head][position]
   */
  public static KeepScorer calibrationScorer(float[][][][] importance, int layer) {
    return new RemovalScorer(BY_IMPORTANCE, ofLayer(importance, layer))::score;
  }

  private static float[][][] ofLayer(float[][][][] importance, int layer) {
    return Arrays.stream(importance).map(map -> map[layer]).toArray(float[][][]::new);
  }

  /**
   * Change of all outputs of the map where one key is removed, p/(1−p)·‖o − v‖ summed over its
   * queries, for every row, head and key [R·G·T].
   */
  public static float[] removalErrors(Attended a) {
    return AttentionScores.removal(a, IntStream.range(0, a.current()).toArray());
  }

  /** Tokens to which one layer is cut to see what its errors cost: 4 % of the cache. */
  public static int probeTokens(ScaleSchedule schedule) {
    return Math.max(1, Math.round(schedule.historyTokens() * 0.04f));
  }

  /** A policy that cuts one layer alone, by importance; not a way to save memory. */
  public static CachePolicy probe(
      ScaleSchedule schedule, ErrorCurves curves, int layer, int budget) {
    int[][][] tokens = new int[schedule.scales()][curves.layers()][1];
    for (int k = 1; k < tokens.length; k++) {
      for (int l = 0; l < curves.layers(); l++) {
        int held = tokens[k - 1][l][0] + schedule.tokens(k - 1);
        tokens[k][l][0] = l == layer ? Math.min(held, budget) : held;
      }
    }
    BudgetPlan plan = BudgetPlan.ofHeads(schedule, Math.max(1, schedule.historyTokens()), tokens);
    return new ErrorCurve("probe of layer " + layer, plan, BY_IMPORTANCE, curves);
  }

  /** The error of one layer whose heads hold {@code budget} tokens each, over all maps. */
  public static double error(ErrorCurves curves, int layer, int budget) {
    double sum = 0;
    for (int k = 0; k < curves.maps(); k++) {
      int[] x = curves.tokens()[k];
      for (double[] y : curves.error()[k][layer]) {
        int i = Arrays.binarySearch(x, budget);
        int right = i >= 0 ? i : -i - 1;
        if (right == 0 || right == x.length) {
          continue; // more tokens than there are: no error
        }
        double t = (budget - x[right - 1]) / (double) (x[right] - x[right - 1]);
        sum += (1 - t) * y[right - 1] + t * y[right];
      }
    }
    return sum;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public BudgetPlan plan() {
    return plan;
  }

  @Override
  public Keeper keeper(int layer) {
    RemovalScorer scorer =
        new RemovalScorer(
            options, options.prior() > 0 ? ofLayer(curves.importance(), layer) : null);
    return new Keeper() {
      @Override
      public void attended(Attended a) {
        if (plan.cuts()) {
          scorer.attended(a);
        }
      }

      @Override
      public Kept keep(Attended a) {
        Kept kept = TopTokens.of(scorer.score(a), a.heads().length, a.tokens(), a.budget());
        scorer.kept(a, kept);
        return kept;
      }
    };
  }
}
