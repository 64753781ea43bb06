package io.scalekv.cache.policy;

import io.scalekv.cache.ScaleSchedule;
import java.util.Arrays;

/**
 * Which tokens are neighbours when scores are pooled. In averages what is not there counts as 0,
 * and the divisor is the whole kernel.
 */
enum Pooling {
  /** Those beside it among the tokens that compete. */
  CACHE("1d-cache"),
  /** Those beside it in its token map, row by row; dropped ones count as 0. */
  MAP_ROWS("1d-map"),
  /** The square around it in its token map; dropped ones count as 0. */
  MAP("2d-map"),
  /** Those beside it among the tokens that compete, of which the largest counts. */
  CACHE_MAX("1d-cache-max");

  /** The words, for help texts. */
  static final String WORDS =
      "neighbours in the cache (1d-cache, or 1d-cache-max for the largest), in the map's rows"
          + " (1d-map) or map (2d-map)";

  static final int KERNEL = 5;

  private final String word;

  Pooling(String word) {
    this.word = word;
  }

  /** The setting {@code pool}, the first by default. */
  static Pooling of(PolicySpec spec) {
    String word = spec.choice("pool", CACHE.word, MAP_ROWS.word, MAP.word, CACHE_MAX.word);
    return Arrays.stream(values()).filter(p -> p.word.equals(word)).findFirst().orElseThrow();
  }

  /** The setting {@code kernel}, an odd number of tokens. */
  static int kernel(PolicySpec spec) {
    return kernel(spec, KERNEL);
  }

  /** The same with another default. */
  static int kernel(PolicySpec spec, int otherwise) {
    int kernel = spec.integer("kernel", otherwise, 1, 999);
    if (kernel % 2 == 0) {
      throw new IllegalArgumentException(
          "policy " + spec.name() + ": kernel: an odd number expected, got " + kernel);
    }
    return kernel;
  }

  /** Whether {@link #pool} needs to know where the tokens came from. */
  boolean needsPositions() {
    return this == MAP_ROWS || this == MAP;
  }

  /**
   * Pools.
   *
   * @param scores of tokens in cache order
   * @param positions of the same tokens in the sequence of all maps; null where not needed
   */
  float[] pool(float[] scores, int[] positions, ScaleSchedule schedule, int kernel) {
    if (this == CACHE) {
      return average(scores, kernel);
    }
    if (this == CACHE_MAX) {
      return max(scores, kernel);
    }
    float[] out = new float[scores.length];
    for (int k = 0, from = 0; from < scores.length; k++) {
      int first = schedule.tokensBefore(k);
      int n = schedule.tokens(k);
      int to = from;
      float[] map = new float[n];
      for (; to < scores.length && positions[to] < first + n; to++) {
        map[positions[to] - first] = scores[to];
      }
      int width = this == MAP ? schedule.map(k).width() : n;
      for (int i = from; i < to; i++) {
        out[i] = mean(map, width, positions[i] - first, kernel, this == MAP ? kernel : 1);
      }
      from = to;
    }
    return out;
  }

  /** Mean of the kernel around one token of a map, 0 outside. */
  private static float mean(float[] map, int width, int at, int columns, int rows) {
    int row = at / width;
    int column = at % width;
    float sum = 0;
    for (int r = Math.max(0, row - rows / 2); r <= row + rows / 2 && r * width < map.length; r++) {
      int last = Math.min(width - 1, column + columns / 2);
      for (int c = Math.max(0, column - columns / 2); c <= last; c++) {
        sum += map[r * width + c];
      }
    }
    return sum / (columns * rows);
  }

  /** Mean of each score and its neighbours, 0 outside. */
  static float[] average(float[] scores, int kernel) {
    float[] out = new float[scores.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = mean(scores, scores.length, i, kernel, 1);
    }
    return out;
  }

  /** Largest of each score and its neighbours. */
  static float[] max(float[] scores, int kernel) {
    float[] out = new float[scores.length];
    for (int i = 0; i < out.length; i++) {
      float most = scores[i];
      int last = Math.min(out.length - 1, i + kernel / 2);
      for (int j = Math.max(0, i - kernel / 2); j <= last; j++) {
        most = Math.max(most, scores[j]);
      }
      out[i] = most;
    }
    return out;
  }
}
