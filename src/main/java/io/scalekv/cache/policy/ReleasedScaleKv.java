package io.scalekv.cache.policy;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Attended;
import io.scalekv.cache.KeepScorer;
import io.scalekv.cache.ScoredPolicy;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * ScaleKV as its released code does it (StargazerX0/ScaleKV), which is not what the paper says: the
 * query projection without bias, normalisation and rotation; logits over √D summed over the window,
 * no softmax; the largest of five neighbours in the cache, the window's own columns set to −∞
 * before and after.
 *
 * <p>The window are the centres of a 4×4 grid on the newest map; the last 16 held tokens where that
 * map is not square or its side is below 4. It stays whole. Where the budget is below the window's
 * size, which the released code does not foresee, only tokens of the window stay: as many as the
 * budget allows, evenly chosen from the grid, or the last ones.
 *
 * @param window tokens of the window: a grid of ⌊√window⌋ each way
 * @param kernel neighbours that are pooled, odd
 * @param pool largest or mean; a mean that touches the window is −∞
 */
public record ReleasedScaleKv(int window, int kernel, Pool pool) implements KeepScorer {
  /** How neighbours are pooled. */
  public enum Pool {
    /** The largest of them. */
    MAX,
    /** Their mean, what is outside counting as 0. */
    AVERAGE
  }

  static final PolicyKind KIND =
      new PolicyKind(
          "scalekv-released",
          "Li et al., ScaleKV, the released code StargazerX0/ScaleKV",
          Map.of(
              "window", "tokens of the window (16)",
              "kernel", "odd number of tokens pooled (5)",
              "pool", "max (default) or avg"),
          (spec, c) ->
              ScoredPolicy.of(
                  spec.toString(),
                  ScaleKv.plan(spec, c, new Allocation.Released()),
                  new ReleasedScaleKv(
                      spec.integer("window", 16, 1, Integer.MAX_VALUE),
                      Pooling.kernel(spec),
                      spec.choice("pool", "max", "avg").equals("max") ? Pool.MAX : Pool.AVERAGE)));

  /** Checks the numbers. */
  public ReleasedScaleKv {
    if (window < 1 || kernel < 1 || kernel % 2 == 0) {
      throw new IllegalArgumentException(
          "scalekv-released: a window of at least 1 and an odd kernel expected, got "
              + window
              + " and "
              + kernel);
    }
  }

  /** The settings of the released scripts. */
  public static ReleasedScaleKv defaults() {
    return new ReleasedScaleKv(16, 5, Pool.MAX);
  }

  @Override
  public float[] score(Attended a) {
    ObservationWindow observed = ObservationWindow.released(a.schedule().map(a.scale()), window);
    boolean grid = observed.spread();
    float[] scores = AttentionScores.window(a, observed.positions(), true, false);
    int t = a.tokens();
    int[] columns =
        grid
            ? Arrays.stream(observed.positions()).map(p -> a.history() + p).toArray()
            : IntStream.range(Math.max(0, t - window), t).toArray();
    for (int i = 0; i < scores.length / t; i++) {
      float[] own = Arrays.copyOfRange(scores, i * t, (i + 1) * t);
      set(own, columns, Float.NEGATIVE_INFINITY);
      own = pool == Pool.MAX ? Pooling.max(own, kernel) : Pooling.average(own, kernel);
      set(own, columns, Float.NEGATIVE_INFINITY);
      int most = a.budget()[i % a.heads().length];
      set(own, new ObservationWindow(columns, grid).some(most), Float.POSITIVE_INFINITY);
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
