package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.ScoredPolicy;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * PyramidKV policy (Cai et al., arXiv 2406.02069): SnapKV's scores with budgets that fall linearly
 * from the first layer to the last. With w' = min(w, n_k, ⌊b/2⌋) tokens of the window in every
 * layer and c = b − w', the last layer gets c/β others and the first 2c − c/β, or all there are;
 * rounded so that the sum over layers is exact.
 */
final class PyramidKv {
  private static final Setting<Integer> BETA =
      Setting.integer(
          "beta", 20, 1, 1000, "mean budget over the last layer's, the window not counted");
  private static final Setting<String> SMALL =
      Setting.choice(
          "small",
          "budgets below 2c stored tokens: a pyramid, or uniform",
          List.of("pyramid", "uniform"));

  static final PolicyKind KIND =
      PolicyKind.of(
          "pyramidkv",
          "snapkv with budgets that fall from the first layer to the last",
          "Cai et al., PyramidKV, arXiv 2406.02069",
          Stream.concat(SnapKv.SETTINGS.stream(), Stream.of(BETA, SMALL)).toList(),
          PyramidKv::create);

  private PyramidKv() {}

  private static CachePolicy create(PolicySpec spec, PolicyContext c) {
    boolean uniform = SMALL.of(spec).equals("uniform");
    BudgetPlan plan =
        plan(c.schedule(), c.layers(), c.budget(), SnapKv.queries(spec), BETA.of(spec), uniform);
    return ScoredPolicy.of(spec.toString(), plan, SnapKv.scorer(spec, c.budget()));
  }

  /**
   * Returns the whole plan.
   *
   * @param budget b
   * @param w tokens of the window where map and budget have room for it
   * @param uniform whether all layers get the same while fewer than 2c tokens are stored
   */
  static BudgetPlan plan(
      ScaleSchedule schedule, int layers, int budget, int w, int beta, boolean uniform) {
    int[][] tokens = new int[schedule.scales()][layers];
    for (int k = 0; k + 1 < tokens.length; k++) {
      int n = schedule.tokens(k);
      int[] stored = Arrays.stream(tokens[k]).map(t -> t + n).toArray();
      int most = Arrays.stream(stored).max().orElseThrow();
      if (most <= budget || Arrays.stream(stored).asLongStream().sum() <= (long) layers * budget) {
        tokens[k + 1] = stored;
        continue;
      }
      int window = Math.min(Math.min(w, n), budget / 2);
      int mean = budget - window;
      int[] others = new int[layers];
      Arrays.fill(others, mean);
      if (!uniform || most >= 2 * mean) {
        others = shares(layers, mean, most - window, beta);
      }
      tokens[k + 1] = fitted(others, stored, window);
    }
    return BudgetPlan.ofTokens(schedule, budget, tokens);
  }

  /**
   * Returns shares that fall linearly from layer to layer, with the given mean exactly.
   *
   * @param mean c
   * @param most the largest possible share
   * @return [layers]
   */
  static int[] shares(int layers, int mean, int most, int beta) {
    int[] shares = new int[layers];
    if (layers == 1) {
      shares[0] = mean;
      return shares;
    }
    // numerators over beta · (layers − 1)
    long denominator = (long) beta * (layers - 1);
    long first = Math.min((long) mean * (2L * beta - 1), (long) most * beta);
    long last = 2L * mean * beta - first;
    long[] fraction = new long[layers];
    long rest = (long) layers * mean;
    for (int l = 0; l < layers; l++) {
      long r = first * (layers - 1) - l * (first - last);
      shares[l] = (int) (r / denominator);
      fraction[l] = r % denominator;
      rest -= shares[l];
    }
    IntStream.range(0, layers)
        .boxed()
        .sorted(Comparator.comparingLong(l -> -fraction[l]))
        .limit(rest)
        .forEach(l -> shares[l]++);
    return shares;
  }

  /** Clips shares and window to the stored tokens; excess goes to the lowest layers with room. */
  private static int[] fitted(int[] shares, int[] stored, int window) {
    int[] tokens = new int[stored.length];
    int excess = 0;
    for (int l = 0; l < stored.length; l++) {
      tokens[l] = Math.min(shares[l] + window, stored[l]);
      excess += shares[l] + window - tokens[l];
    }
    for (int l = 0; l < stored.length && excess > 0; l++) {
      int more = Math.min(excess, stored[l] - tokens[l]);
      tokens[l] += more;
      excess -= more;
    }
    return tokens;
  }
}
