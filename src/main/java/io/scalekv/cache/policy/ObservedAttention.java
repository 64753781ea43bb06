package io.scalekv.cache.policy;

import io.scalekv.cache.Attended;
import io.scalekv.cache.KeepScorer;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Scores by what an observation window attends to: softmax over all held keys, summed over the
 * window's queries, pooled over neighbours. Tokens of the window itself stay, as far as the budget
 * allows, and take no part in the pooling.
 *
 * @param window of the map that was attended
 * @param mostKept how many tokens of the window stay at most
 * @param pooling who is a neighbour
 * @param kernel tokens along each axis of the pooling, odd
 * @param projected whether the raw query projection takes the place of the attention's queries
 * @param softmax whether there is a softmax
 */
record ObservedAttention(
    Function<Attended, ObservationWindow> window,
    int mostKept,
    Pooling pooling,
    int kernel,
    boolean projected,
    boolean softmax)
    implements KeepScorer {
  /** With the attention's own queries and softmax. */
  ObservedAttention(
      Function<Attended, ObservationWindow> window, int mostKept, Pooling pooling, int kernel) {
    this(window, mostKept, pooling, kernel, false, true);
  }

  @Override
  public float[] score(Attended a) {
    ObservationWindow observed = window.apply(a);
    float[] scores = AttentionScores.window(a, observed.positions(), projected, softmax);
    int t = a.tokens();
    for (int i = 0; i < scores.length / t; i++) {
      int g = i % a.heads().length;
      int[] stay = observed.some(Math.min(mostKept, a.budget()[g]));
      boolean[] stays = new boolean[t];
      Arrays.stream(stay).forEach(p -> stays[a.history() + p] = true);
      int[] others = IntStream.range(0, t).filter(j -> !stays[j]).toArray();
      pool(scores, i * t, others, positions(a, i / a.heads().length, g, others), a);
      for (int p : stay) {
        scores[i * t + a.history() + p] = Float.POSITIVE_INFINITY;
      }
    }
    return scores;
  }

  private int[] positions(Attended a, int row, int g, int[] tokens) {
    if (!pooling.needsPositions()) {
      return null;
    }
    int[] all = a.positions(row, g);
    return Arrays.stream(tokens).map(j -> all[j]).toArray();
  }

  private void pool(float[] scores, int from, int[] tokens, int[] positions, Attended a) {
    float[] own = new float[tokens.length];
    for (int i = 0; i < own.length; i++) {
      own[i] = scores[from + tokens[i]];
    }
    float[] pooled = pooling.pool(own, positions, a.schedule(), kernel);
    for (int i = 0; i < own.length; i++) {
      scores[from + tokens[i]] = pooled[i];
    }
  }
}
