package io.scalekv.cache.policy;

import io.scalekv.cache.ScaleSchedule;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Neighbourhood over which scores are pooled. In averages, missing neighbours count as 0 and the
 * divisor is the whole kernel.
 */
enum Pooling {
  /** Neighbours in the cache, among the tokens that compete. */
  CACHE("1d-cache"),
  /** Neighbours in the token map, row by row; evicted ones count as 0. */
  MAP_ROWS("1d-map"),
  /** Square in the token map; evicted ones count as 0. */
  MAP("2d-map"),
  /** Neighbours in the cache, among the tokens that compete; their maximum. */
  CACHE_MAX("1d-cache-max");

  static final int KERNEL = 5;

  static final Setting<Pooling> SETTING =
      Setting.of(
          "pool",
          CACHE.word,
          Arrays.stream(values()).map(p -> p.word).collect(Collectors.joining(" or ")),
          "neighbours over which scores are averaged: in the cache (or their maximum), in the rows"
              + " of the token map, or in its plane",
          text ->
              Arrays.stream(values())
                  .filter(p -> p.word.equals(text))
                  .findFirst()
                  .orElseThrow(IllegalArgumentException::new));

  static final Setting<Integer> WIDTH =
      Setting.kernel(KERNEL, "tokens that are pooled along each axis");

  private final String word;

  Pooling(String word) {
    this.word = word;
  }

  /** Returns whether {@link #pool} needs the positions of the tokens. */
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

  /** Returns the mean of the kernel around one token of a map, 0 outside. */
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

  /** Returns the mean of each score and its neighbours, 0 outside. */
  static float[] average(float[] scores, int kernel) {
    float[] out = new float[scores.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = mean(scores, scores.length, i, kernel, 1);
    }
    return out;
  }

  /** Returns the largest of each score and its neighbours. */
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
