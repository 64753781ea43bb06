package io.scalekv.cache.policy;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.ScoredPolicy;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenScorer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * ScaleKV policy as its released code does it (StargazerX0/ScaleKV), which differs from the paper:
 * the query projection without bias, normalisation and rotation; logits over √D summed over the
 * window, no softmax; the maximum of five neighbours in the cache, the window's own columns set to
 * −∞ before and after.
 *
 * <p>The window are the centres of a 4×4 grid on the newest map; the last 16 stored tokens where
 * that map is not square or its side is below 4. It is retained whole, so that a layer with a
 * budget of 16 tokens or fewer would retain no prefix at all: such a budget is refused.
 *
 * @param window tokens of the window: a grid of ⌊√window⌋ each way
 * @param kernel neighbours that are pooled, odd
 * @param pool maximum or mean; a mean that touches the window is −∞
 */
public record ReleasedScaleKv(int window, int kernel, Pool pool) implements TokenScorer {
  /** How neighbours are pooled. */
  public enum Pool {
    /** The maximum. */
    MAX,
    /** The mean, with 0 outside the cache. */
    AVG
  }

  private static final Setting<Integer> WINDOW =
      Setting.integer("window", 16, 1, 9999, "tokens of the observation window");
  private static final Setting<Pool> POOL =
      Setting.choice("pool", Pool.MAX, "how neighbours are pooled");

  static final PolicyKind KIND =
      PolicyKind.of(
          "scalekv-released",
          "scalekv as its released code does it",
          "Li et al., ScaleKV, the released code StargazerX0/ScaleKV",
          List.of(WINDOW, Pooling.WIDTH, POOL),
          Set.of(PolicyCalibration.ROLES),
          ReleasedScaleKv::create);

  private static CachePolicy create(PolicySpec spec, PolicyContext c) {
    boolean[][] drafters = c.calibration().part(PolicyCalibration.ROLES, boolean[][].class);
    BudgetPlan plan = ScaleKv.plan(spec.name(), c, drafters, new Allocation.Released());
    int window = WINDOW.of(spec);
    for (int k = plan.firstCutScale(); k < c.schedule().scales(); k++) {
      for (int l = 0; l < c.layers(); l++) {
        if (plan.tokens(k, l) <= window && plan.tokens(k, l) < plan.held(k, l)) {
          throw new BudgetTooSmallException(
              String.format(
                  "policy scalekv-released: n/a, budget below the window: layer %d has %d tokens at"
                      + " scale %d (%s), the window has %d",
                  l, plan.tokens(k, l), k + 1, c.schedule().map(k), window));
        }
      }
    }
    return ScoredPolicy.of(
        spec.toString(), plan, new ReleasedScaleKv(window, Pooling.WIDTH.of(spec), POOL.of(spec)));
  }

  @Override
  public float[] score(SelectionInputs in) {
    ObservationWindow observed = ObservationWindow.released(in.schedule().map(in.scale()), window);
    float[] scores = AttentionScores.window(in, observed.positions(), true, false);
    int t = in.tokens();
    int[] columns =
        observed.spread()
            ? Arrays.stream(observed.positions()).map(p -> in.prefix() + p).toArray()
            : IntStream.range(Math.max(0, t - window), t).toArray();
    for (int i = 0; i < scores.length / t; i++) {
      float[] own = Arrays.copyOfRange(scores, i * t, (i + 1) * t);
      set(own, columns, Float.NEGATIVE_INFINITY);
      own = pool == Pool.MAX ? Pooling.max(own, kernel) : Pooling.average(own, kernel);
      set(own, columns, Float.POSITIVE_INFINITY);
      System.arraycopy(own, 0, scores, i * t, t);
    }
    return scores;
  }

  private static void set(float[] scores, int[] at, float value) {
    for (int i : at) {
      scores[i] = value;
    }
  }
}
