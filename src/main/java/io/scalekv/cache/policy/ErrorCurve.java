package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenScorer;
import io.scalekv.cache.TokenSelector;
import io.scalekv.cache.TopTokens;
import io.scalekv.io.Numbers;
import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Error-curve policy (ours): retains the tokens whose removal changes attention most, with budgets
 * per head where they reduce the error most. Before each scale the total of L·H·b tokens is shared
 * among all heads by calibrated error curves ({@link ErrorCurves}, {@link ConvexShares}); within a
 * head the tokens of highest score are retained ({@link RemovalScorer}). Every ingredient can be
 * switched off.
 */
public final class ErrorCurve implements CachePolicy {
  /** Name on the command line. */
  public static final String NAME = "error-curve";

  private static final Setting<Double> PRIOR =
      Setting.number(
          "prior", 1, 0, 1, "weight of calibrated importance against that in the current image");
  private static final Setting<RemovalScorer.Kind> SCORE =
      Setting.choice("score", RemovalScorer.Kind.REMOVAL, "importance in the current image");
  private static final Setting<Integer> QUERIES =
      Setting.of(
          "queries",
          "all",
          "all or a whole number, at least 1",
          "queries of the newest map that are used",
          text -> text.equals("all") ? 0 : Require.atLeast("queries", Numbers.integer(text), 1));
  private static final Setting<String> POOL =
      Setting.choice(
          "pool",
          "average over neighbours in the token map: none, or a grid",
          List.of("none", "grid"));
  private static final Setting<Integer> KERNEL =
      Setting.kernel(3, "side of the square of neighbours");
  private static final Setting<Double> ACCUMULATE =
      Setting.number("accumulate", 0, 0, 1, "weight of the scores of earlier maps");
  private static final Setting<Integer> PROTECT =
      Setting.integer("protect", 0, 0, 99, "first maps that are evicted last, as far as they fit");
  private static final Setting<String> ALLOCATION =
      Setting.choice(
          "allocation",
          "budgets by error curves, or the same in every head",
          List.of("curve", "uniform"));
  private static final Setting<Double> USE =
      Setting.number("use", 1, 0, 1, "share of the budget that is used, with allocation=curve");
  private static final Setting<String> WEIGHT =
      Setting.choice(
          "weight",
          "weight of a head's error: sensitivity of its layer, none, or relative to the error"
              + " without a prefix",
          List.of("sensitivity", "absolute", "relative"));

  static final PolicyKind KIND =
      new PolicyKind.Simple(
          NAME,
          "tokens whose removal changes attention most, budgets by calibrated error curves",
          "ours",
          List.of(
              PRIOR, SCORE, QUERIES, POOL, KERNEL, ACCUMULATE, PROTECT, ALLOCATION, USE, WEIGHT),
          spec ->
              isUniform(spec) && PRIOR.of(spec) == 0
                  ? Set.of()
                  : Set.of(PolicyCalibration.ERROR_CURVES),
          ErrorCurve::new,
          "");

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
    boolean needed = !KIND.needs(spec).isEmpty();
    this.curves =
        needed ? c.calibration().part(PolicyCalibration.ERROR_CURVES, ErrorCurves.class) : null;
    if (needed) {
      check(curves, c);
    }
    double use = USE.of(spec);
    Require.that(
        use > 0 && (use == 1 || !isUniform(spec)),
        "policy error-curve: use must be above 0, and 1 with allocation=uniform, got %s",
        use);
    this.plan = isUniform(spec) ? c.uniform() : plan(c, curves, WEIGHT.of(spec), use);
  }

  private static boolean isUniform(PolicySpec spec) {
    return ALLOCATION.of(spec).equals("uniform");
  }

  private static void check(ErrorCurves curves, PolicyContext c) {
    Require.that(
        curves.maps() == c.schedule().scales()
            && curves.layers() == c.layers()
            && curves.heads() == c.heads(),
        "policy error-curve: calibration must have %d maps, %d layers and %d heads, got %d, %d, %d",
        c.schedule().scales(),
        c.layers(),
        c.heads(),
        curves.maps(),
        curves.layers(),
        curves.heads());
  }

  private static RemovalScorer.Options options(PolicySpec spec, PolicyContext c) {
    int protect = Math.min(PROTECT.of(spec), c.schedule().scales());
    while (c.schedule().tokensBefore(protect) > c.budget()) {
      protect--;
    }
    return new RemovalScorer.Options(
        SCORE.of(spec),
        QUERIES.of(spec),
        POOL.of(spec).equals("none") ? 1 : KERNEL.of(spec),
        ACCUMULATE.of(spec),
        PRIOR.of(spec),
        protect);
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
   * Returns the scorer by which calibration evicts tokens of a layer while it measures error
   * curves: importance alone.
   *
   * @param importance [map][layer][head][position]
   */
  public static TokenScorer calibrationScorer(float[][][][] importance, int layer) {
    return new RemovalScorer(BY_IMPORTANCE, ofLayer(importance, layer))::score;
  }

  private static float[][][] ofLayer(float[][][][] importance, int layer) {
    return Arrays.stream(importance).map(map -> map[layer]).toArray(float[][][]::new);
  }

  /**
   * Returns the change of all outputs of the map when one key is removed, p/(1−p)·‖o − v‖ summed
   * over its queries, for every row, head and key [R·G·T].
   */
  public static float[] removalErrors(SelectionInputs a) {
    return AttentionScores.removal(a, IntStream.range(0, a.current()).toArray());
  }

  /** Tokens to which one layer is compressed to measure its sensitivity: 4 % of the cache. */
  public static int probeTokens(ScaleSchedule schedule) {
    return Math.max(1, Math.round(schedule.historyTokens() * 0.04f));
  }

  /** Makes the policy that compresses a single layer, by importance, for calibration. */
  public static CachePolicy probe(
      ScaleSchedule schedule, ErrorCurves curves, int layer, int budget) {
    BudgetPlan plan = OneLayer.plan(schedule, curves.layers(), budget, layer, -1);
    return new ErrorCurve("probe of layer " + layer, plan, BY_IMPORTANCE, curves);
  }

  /**
   * Returns the error of one layer whose heads retain {@code budget} tokens each, over all maps.
   */
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
  public TokenSelector selector(int layer) {
    RemovalScorer scorer =
        new RemovalScorer(
            options, options.prior() > 0 ? ofLayer(curves.importance(), layer) : null);
    return new TokenSelector() {
      @Override
      public void observe(SelectionInputs a) {
        if (plan.evicts()) {
          scorer.observe(a);
        }
      }

      @Override
      public RetainedTokens select(SelectionInputs a) {
        RetainedTokens retained =
            TopTokens.of(scorer.score(a), a.heads().length, a.tokens(), a.budget());
        scorer.retained(a, retained);
        return retained;
      }
    };
  }
}
