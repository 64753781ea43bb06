package io.scalekv.roles;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * In which order the heads give up their tokens of one source map (HeatKV). Per source map s, all
 * L·H (head, layer) pairs by ascending attention of later maps on s; rank 0 is dropped first. The
 * first s0 maps are sinks, which no head drops, and the last map is never kept, so there are K−1−s0
 * orders. Layers, heads, maps and ranks count from 0; a pair is packed as head·L + layer.
 */
public final class HeatKvOrders {
  private final int sinkScales;
  private final int scales;
  private final int layers;
  private final int heads;
  private final int[][] orders;
  private final int[][] ranks;

  private HeatKvOrders(int sinkScales, int scales, int layers, int heads, int[][] orders) {
    this.sinkScales = sinkScales;
    this.scales = scales;
    this.layers = layers;
    this.heads = heads;
    this.orders = orders;
    this.ranks = new int[orders.length][layers * heads];
    for (int i = 0; i < orders.length; i++) {
      for (int r = 0; r < orders[i].length; r++) {
        ranks[i][orders[i][r]] = r;
      }
    }
  }

  /**
   * Orders from elsewhere.
   *
   * @param sinkScales s0, 0..K−2
   * @param scales number of scales K
   * @param layers number of layers L
   * @param heads number of heads H
   * @param orders [source map − s0][rank], packed pairs
   * @throws IllegalArgumentException unless there are K−1−s0 orders and each is a permutation
   */
  public static HeatKvOrders of(int sinkScales, int scales, int layers, int heads, int[][] orders) {
    return checked(sinkScales, scales, layers, heads, orders, "HeatKV orders: ");
  }

  /**
   * The same for more sinks: without the orders of the maps before {@code sinks}.
   *
   * @param sinks at least the sinks of these orders, at most K−2
   */
  public HeatKvOrders withSinks(int sinks) {
    if (sinks < sinkScales || sinks > scales - 2) {
      throw new IllegalArgumentException(
          String.format(
              "HeatKV orders: %d..%d sink scales expected, got %d", sinkScales, scales - 2, sinks));
    }
    return of(
        sinks,
        scales,
        layers,
        heads,
        Arrays.copyOfRange(orders, sinks - sinkScales, orders.length));
  }

  /** The same; {@code before} precedes JSON pointers into {@code orders} in messages. */
  static HeatKvOrders checked(
      int sinkScales, int scales, int layers, int heads, int[][] orders, String before) {
    if (layers < 1 || heads < 1 || layers > 1000 || heads > 1000) {
      throw new IllegalArgumentException(
          "HeatKV orders: 1..1000 layers and heads expected, got " + layers + " and " + heads);
    }
    checkSinks(sinkScales, scales);
    int expected = scales - 1 - sinkScales;
    if (orders.length != expected) {
      throw new IllegalArgumentException(
          String.format(
              "%s: expected %d orders (maps %d to %d), got %d",
              before, expected, sinkScales, scales - 2, orders.length));
    }
    int pairs = layers * heads;
    int[][] copy = new int[expected][];
    for (int i = 0; i < expected; i++) {
      copy[i] = orders[i].clone();
      if (copy[i].length != pairs) {
        throw new IllegalArgumentException(
            String.format(
                "%s/%d: expected %d pairs (%d heads x %d layers), got %d",
                before, i, pairs, heads, layers, copy[i].length));
      }
      int[] seen = new int[pairs];
      for (int r = 0; r < pairs; r++) {
        int pair = copy[i][r];
        if (pair < 0 || pair >= pairs) {
          throw new IllegalArgumentException(
              String.format(
                  "%s/%d/%d: expected a pair 0..%d (head x %d layers + layer), got %d",
                  before, i, r, pairs - 1, layers, pair));
        }
        if (seen[pair] > 0) {
          throw new IllegalArgumentException(
              String.format(
                  "%s/%d/%d: expected each pair once, got head %d layer %d of rank %d again",
                  before, i, r, pair / layers, pair % layers, seen[pair] - 1));
        }
        seen[pair] = r + 1;
      }
    }
    return new HeatKvOrders(sinkScales, scales, layers, heads, copy);
  }

  static void checkSinks(int sinkScales, int scales) {
    if (scales < 2 || sinkScales < 0 || sinkScales > scales - 2) {
      throw new IllegalArgumentException(
          String.format(
              "HeatKV orders: 0..%d sink scales expected for %d scales, got %d",
              scales - 2, scales, sinkScales));
    }
  }

  /**
   * Sorts by score, ascending; ties go to the lower head first, then to the lower layer.
   *
   * @param scores [layer][head][map] of K maps: mean attention of later maps on each map; only maps
   *     s0 to K−2 are looked at, and must be finite there
   * @param sinkScales s0, 0..K−2
   */
  public static HeatKvOrders ofScores(double[][][] scores, int sinkScales) {
    if (scores.length == 0 || scores[0].length == 0) {
      throw new IllegalArgumentException(
          "HeatKV scores: at least 1 layer and 1 head expected, got none");
    }
    int layers = scores.length;
    int heads = scores[0].length;
    int scales = scores[0][0].length;
    checkSinks(sinkScales, scales);
    int[][] orders = new int[scales - 1 - sinkScales][];
    for (int i = 0; i < orders.length; i++) {
      int map = sinkScales + i;
      double[] score = new double[layers * heads];
      for (int l = 0; l < layers; l++) {
        if (scores[l].length != heads) {
          throw new IllegalArgumentException(
              String.format(
                  "HeatKV scores: layer %d: %d heads expected, got %d",
                  l, heads, scores[l].length));
        }
        for (int h = 0; h < heads; h++) {
          if (scores[l][h].length != scales) {
            throw new IllegalArgumentException(
                String.format(
                    "HeatKV scores: layer %d, head %d: %d maps expected, got %d",
                    l, h, scales, scores[l][h].length));
          }
          double value = scores[l][h][map];
          if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(
                String.format(
                    "HeatKV scores: layer %d, head %d, map %d: a finite score expected, got %s",
                    l, h, map, value));
          }
          score[h * layers + l] = value + 0.0; // so that -0 and 0 tie
        }
      }
      orders[i] =
          IntStream.range(0, score.length)
              .boxed()
              .sorted((a, b) -> Double.compare(score[a], score[b]))
              .mapToInt(Integer::intValue)
              .toArray();
    }
    return of(sinkScales, scales, layers, heads, orders);
  }

  /** Maps that no head drops, s0. */
  public int sinkScales() {
    return sinkScales;
  }

  /** Number of scales K. */
  public int scales() {
    return scales;
  }

  /** Number of layers L. */
  public int layers() {
    return layers;
  }

  /** Number of heads H. */
  public int heads() {
    return heads;
  }

  /**
   * The rank of one head for one source map; 0 is dropped first.
   *
   * @param sourceMap s0..K−2
   */
  public int rank(int sourceMap, int head, int layer) {
    if (head < 0 || head >= heads || layer < 0 || layer >= layers) {
      throw new IndexOutOfBoundsException(
          String.format(
              "HeatKV orders: head below %d and layer below %d expected, got %d and %d",
              heads, layers, head, layer));
    }
    return ranks[index(sourceMap)][head * layers + layer];
  }

  /**
   * The packed pairs of one source map by rank, as a new array.
   *
   * @param sourceMap s0..K−2
   */
  public int[] order(int sourceMap) {
    return orders[index(sourceMap)].clone();
  }

  private int index(int sourceMap) {
    if (sourceMap < sinkScales || sourceMap > scales - 2) {
      throw new IndexOutOfBoundsException(
          String.format(
              "HeatKV orders: source map %d..%d expected, got %d",
              sinkScales, scales - 2, sourceMap));
    }
    return sourceMap - sinkScales;
  }

  /** The head of a packed pair. */
  public int head(int pair) {
    return pair / layers;
  }

  /** The layer of a packed pair. */
  public int layer(int pair) {
    return pair % layers;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof HeatKvOrders o
        && sinkScales == o.sinkScales
        && scales == o.scales
        && layers == o.layers
        && heads == o.heads
        && Arrays.deepEquals(orders, o.orders);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * (31 * sinkScales + layers) + heads) + Arrays.deepHashCode(orders);
  }

  @Override
  public String toString() {
    return String.format(
        "HeatKV orders of maps %d to %d, %d layers x %d heads",
        sinkScales, scales - 2, layers, heads);
  }
}
