package io.scalekv.cache.policy;

import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Key scores of the error-curve policy in one layer during one generation: the change of the newest
 * map's outputs without a key, mixed with the calibrated importance of that key's position.
 */
final class RemovalScorer {
  private static final double LEAST = 1e-12;

  /** Cost of one removed key. */
  enum Kind {
    /** p/(1−p)·‖o − v‖, the exact change of the output. */
    REMOVAL,
    /** p, its attention. */
    SOFTMAX
  }

  /**
   * The ingredients.
   *
   * @param kind cost of a removed key
   * @param queries queries of the newest map that are used, spread over it; 0 is all
   * @param kernel side of the square of neighbours that are averaged, odd; 1 is none
   * @param decay weight of earlier maps' scores, 0..1, once more at every map
   * @param prior weight of the calibrated importance, 0..1, as an exponent
   * @param protect first maps whose tokens are evicted last
   */
  record Options(Kind kind, int queries, int kernel, double decay, double prior, int protect) {}

  private final Options options;
  private final float[][][] importance;
  private final Map<Integer, float[][]> earlier = new HashMap<>();

  /**
   * @param importance [map][head][position] of this layer; null where the weight is 0
   */
  RemovalScorer(Options options, float[][][] importance) {
    this.options = options;
    this.importance = importance;
  }

  /** Adds a scale; needed at every one where scores are carried over. */
  void observe(SelectionInputs a) {
    if (options.prior() == 1 || options.decay() == 0) {
      return;
    }
    int t = a.tokens();
    int heads = a.heads().length;
    float[] now = now(a);
    for (int g = 0; g < heads; g++) {
      float[][] old = earlier.get(a.heads()[g]);
      float[][] sums = new float[a.rows()][];
      for (int r = 0; r < sums.length; r++) {
        int from = (r * heads + g) * t;
        sums[r] = Arrays.copyOfRange(now, from, from + t);
        for (int j = 0; old != null && j < old[r].length; j++) {
          sums[r][j] += (float) options.decay() * old[r][j];
        }
      }
      earlier.put(a.heads()[g], sums);
    }
  }

  /** Drops the scores of evicted tokens. */
  void retained(SelectionInputs a, RetainedTokens retained) {
    for (int g = 0; g < a.heads().length; g++) {
      float[][] sums = earlier.get(a.heads()[g]);
      for (int r = 0; sums != null && r < sums.length; r++) {
        float[] own = sums[r];
        int[] stay = retained.of(r, g);
        sums[r] = new float[stay.length];
        for (int j = 0; j < stay.length; j++) {
          sums[r][j] = own[stay[j]];
        }
      }
    }
  }

  /** Returns the scores [R·G·T] of all stored tokens for later scales. */
  float[] score(SelectionInputs a) {
    int t = a.tokens();
    int heads = a.heads().length;
    float[] scores = new float[a.rows() * heads * t];
    boolean seen = options.prior() < 1;
    float[] now = seen && options.decay() == 0 ? now(a) : null;
    for (int i = 0; i < a.rows() * heads; i++) {
      int head = a.heads()[i % heads];
      int[] positions = a.positions(i / heads, i % heads);
      float[] own = new float[t];
      if (seen) {
        own =
            now != null
                ? Arrays.copyOfRange(now, i * t, (i + 1) * t)
                : earlier.get(head)[i / heads].clone();
        own = pooled(own, positions, a.schedule());
      }
      for (int j = 0; j < t; j++) {
        scores[i * t + j] = mixed(own[j], a.scale() + 1, head, positions[j], a.schedule());
      }
    }
    return scores;
  }

  private float mixed(float seen, int next, int head, int position, ScaleSchedule schedule) {
    double w = options.prior();
    double score = 0;
    if (w < 1) {
      score += (1 - w) * Math.log(Math.max(LEAST, seen));
    }
    if (w > 0) {
      double sum = 0;
      for (int k = next; k < importance.length; k++) {
        sum += importance[k][head][position];
      }
      score += w * Math.log(Math.max(LEAST, sum));
    }
    return (float) (position < schedule.tokensBefore(options.protect()) ? score + 1000 : score);
  }

  private float[] now(SelectionInputs a) {
    int n = a.current();
    int[] queries =
        options.queries() == 0 || options.queries() >= n
            ? IntStream.range(0, n).toArray()
            : ObservationWindow.grid(
                    a.schedule().map(a.scale()), ObservationWindow.side(options.queries()))
                .positions();
    float[] sums =
        options.kind() == Kind.REMOVAL
            ? AttentionScores.removal(a, queries)
            : AttentionScores.window(a, queries);
    for (int j = 0; j < sums.length; j++) {
      sums[j] /= queries.length;
    }
    return sums;
  }

  private float[] pooled(float[] scores, int[] positions, ScaleSchedule schedule) {
    if (options.kernel() == 1) {
      return scores;
    }
    float[] ones = new float[scores.length];
    Arrays.fill(ones, 1);
    float[] sums = Pooling.MAP.pool(scores, positions, schedule, options.kernel());
    float[] there = Pooling.MAP.pool(ones, positions, schedule, options.kernel());
    for (int j = 0; j < sums.length; j++) {
      sums[j] /= there[j];
    }
    return sums;
  }
}
