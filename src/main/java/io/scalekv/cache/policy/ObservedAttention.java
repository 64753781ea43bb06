package io.scalekv.cache.policy;

import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenScorer;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Scores from the attention of an observation window: softmax over all stored keys, summed over the
 * window's queries, pooled over neighbours. Some tokens of the window are retained by force and
 * take no part in the pooling.
 *
 * @param window queries of the map that was attended
 * @param forced number of window tokens that are retained by force
 * @param pooling neighbourhood
 * @param kernel tokens along each axis of the pooling, odd
 * @param projected whether the raw query projection replaces the attention's queries
 * @param softmax whether there is a softmax
 */
record ObservedAttention(
    Function<SelectionInputs, ObservationWindow> window,
    Forced forced,
    Pooling pooling,
    int kernel,
    boolean projected,
    boolean softmax)
    implements TokenScorer {
  /** Number of window tokens that are retained by force. */
  @FunctionalInterface
  interface Forced {
    /** Returns the number for a head with this budget; more than the window has means all. */
    int of(SelectionInputs in, int budget);
  }

  @Override
  public float[] score(SelectionInputs in) {
    ObservationWindow observed = window.apply(in);
    float[] scores = AttentionScores.window(in, observed.positions(), projected, softmax);
    int t = in.tokens();
    for (int i = 0; i < scores.length / t; i++) {
      int g = i % in.heads().length;
      int budget = in.budget()[g];
      int[] stay = observed.some(Math.min(budget, forced.of(in, budget)));
      boolean[] stays = new boolean[t];
      Arrays.stream(stay).forEach(p -> stays[in.prefix() + p] = true);
      int[] others = IntStream.range(0, t).filter(j -> !stays[j]).toArray();
      pool(scores, i * t, others, positions(in, i / in.heads().length, g, others), in);
      for (int p : stay) {
        scores[i * t + in.prefix() + p] = Float.POSITIVE_INFINITY;
      }
    }
    return scores;
  }

  private int[] positions(SelectionInputs in, int row, int g, int[] tokens) {
    if (!pooling.needsPositions()) {
      return null;
    }
    int[] all = in.positions(row, g);
    return Arrays.stream(tokens).map(j -> all[j]).toArray();
  }

  private void pool(float[] scores, int from, int[] tokens, int[] positions, SelectionInputs in) {
    float[] own = new float[tokens.length];
    for (int i = 0; i < own.length; i++) {
      own[i] = scores[from + tokens[i]];
    }
    float[] pooled = pooling.pool(own, positions, in.schedule(), kernel);
    for (int i = 0; i < own.length; i++) {
      scores[from + tokens[i]] = pooled[i];
    }
  }
}
