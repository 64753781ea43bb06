package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.ScoredPolicy;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * SnapKV's scores with budgets that fall linearly from the first layer to the last (Cai et al.,
 * PyramidKV, arXiv 2406.02069). With w' = min(w, n_k, ⌊b/2⌋) tokens of the window in every layer
 * and c = b − w', the last layer gets c/β others and the first 2c − c/β, or all there are; rounded
 * so that the sum over layers is exact.
 */
final class PyramidKv {
  static final PolicyKind KIND =
      new PolicyKind(
          "pyramidkv", "Cai et al., PyramidKV, arXiv 2406.02069", settings(), PyramidKv::of);

  private static final int BETA = 20;

  private PyramidKv() {}

  private static Map<String, String> settings() {
    Map<String, String> all = new TreeMap<>(SnapKv.SETTINGS);
    all.put("beta", "mean over the last layer's budget, window not counted (20)");
    all.put("small", "pyramid (default), or uniform: no pyramid below 2c tokens");
    return all;
  }

  private static ScoredPolicy of(PolicySpec spec, PolicyContext c) {
    boolean uniform = spec.choice("small", "pyramid", "uniform").equals("uniform");
    int beta = spec.integer("beta", BETA, 1, 1000);
    BudgetPlan plan =
        plan(c.schedule(), c.layers(), c.budget(), SnapKv.queries(spec), beta, uniform);
    return ScoredPolicy.of(spec.toString(), plan, SnapKv.scorer(spec, c.budget()));
  }

  /**
   * The whole plan.
   *
   * @param budget b
   * @param w tokens of the window where map and budget are large enough
   * @param uniform whether layers get the same while fewer than 2c tokens are held
   */
  static BudgetPlan plan(
      ScaleSchedule schedule, int layers, int budget, int w, int beta, boolean uniform) {
    int[][] tokens = new int[schedule.scales()][layers];
    for (int k = 0; k + 1 < tokens.length; k++) {
      int n = schedule.tokens(k);
      int[] held = Arrays.stream(tokens[k]).map(t -> t + n).toArray();
      int most = Arrays.stream(held).max().orElseThrow();
      if (most <= budget || Arrays.stream(held).asLongStream().sum() <= (long) layers * budget) {
        tokens[k + 1] = held;
        continue;
      }
      int window = Math.min(Math.min(w, n), budget / 2);
      int mean = budget - window;
      int[] others = new int[layers];
      Arrays.fill(others, mean);
      if (!uniform || most >= 2 * mean) {
        others = shares(layers, mean, most - window, beta);
      }
      tokens[k + 1] = fitted(others, held, window);
    }
    return BudgetPlan.ofTokens(schedule, budget, tokens);
  }

  /**
   * Shares that fall linearly from layer to layer, with the given mean exactly.
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

  /** Shares and window, clipped to what is held; the excess goes to the lowest layers with room. */
  private static int[] fitted(int[] shares, int[] held, int window) {
    int[] tokens = new int[held.length];
    int excess = 0;
    for (int l = 0; l < held.length; l++) {
      tokens[l] = Math.min(shares[l] + window, held[l]);
      excess += shares[l] + window - tokens[l];
    }
    for (int l = 0; l < held.length && excess > 0; l++) {
      int more = Math.min(excess, held[l] - tokens[l]);
      tokens[l] += more;
      excess -= more;
    }
    return tokens;
  }
}
