package io.scalekv.roles;

import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Orders in which the heads drop their tokens of one source map (HeatKV). Per source map s, all L·H
 * (head, layer) pairs by ascending attention of later maps on s; rank 0 is dropped first. The first
 * s0 maps are sinks, which no head drops, and the last map is never stored, so there are K−1−s0
 * orders. Layers, heads, maps and ranks count from 0; a pair is packed as head·L + layer.
 *
 * @param sinkScales s0, 0..K−2
 * @param scales number of scales K
 * @param layers number of layers L
 * @param heads number of heads H
 * @param orders [source map − s0][rank], packed pairs
 */
public record HeatKvOrders(int sinkScales, int scales, int layers, int heads, int[][] orders) {
  private static final int MOST = 1000;

  /** Copies the orders; there must be K−1−s0, each a permutation. */
  public HeatKvOrders {
    Require.between("layers", layers, 1, MOST);
    Require.between("heads", heads, 1, MOST);
    Require.between("sink scales", sinkScales, 0, scales - 2);
    int wanted = scales - 1 - sinkScales;
    Require.that(
        orders.length == wanted,
        "orders must be %d (scales %d to %d), got %d",
        wanted,
        sinkScales + 1,
        scales - 1,
        orders.length);
    orders = Arrays.stream(orders).map(int[]::clone).toArray(int[][]::new);
    int pairs = layers * heads;
    for (int i = 0; i < wanted; i++) {
      Require.that(
          orders[i].length == pairs,
          "order %d must have %d pairs (%d heads x %d layers), got %d",
          i,
          pairs,
          heads,
          layers,
          orders[i].length);
      boolean[] seen = new boolean[pairs];
      for (int r = 0; r < pairs; r++) {
        int pair = orders[i][r];
        Require.that(
            pair >= 0 && pair < pairs && !seen[pair],
            "order %d must have each pair 0..%d (head x %d layers + layer) once, got %d at rank %d",
            i,
            pairs - 1,
            layers,
            pair,
            r);
        seen[pair] = true;
      }
    }
  }

  /**
   * Returns these orders for more sinks: without the orders of the maps before {@code sinks}.
   *
   * @param sinks at least the sinks of these orders, at most K−2
   */
  public HeatKvOrders withSinks(int sinks) {
    Require.between("sink scales", sinks, sinkScales, scales - 2);
    return new HeatKvOrders(
        sinks,
        scales,
        layers,
        heads,
        Arrays.copyOfRange(orders, sinks - sinkScales, orders.length));
  }

  /**
   * Returns the orders by score, ascending; ties go to the lower head first, then to the lower
   * layer.
   *
   * @param scores [layer][head][map] of K maps: mean attention of later maps on each map; only maps
   *     s0 to K−2 are read, and must be finite
   * @param sinkScales s0, 0..K−2
   */
  public static HeatKvOrders ofScores(double[][][] scores, int sinkScales) {
    Require.that(scores.length > 0 && scores[0].length > 0, "scores must have a layer and a head");
    int layers = scores.length;
    int heads = scores[0].length;
    int scales = scores[0][0].length;
    Require.between("sink scales", sinkScales, 0, scales - 2);
    int[][] orders = new int[scales - 1 - sinkScales][];
    for (int i = 0; i < orders.length; i++) {
      int map = sinkScales + i;
      double[] score = new double[layers * heads];
      for (int l = 0; l < layers; l++) {
        for (int h = 0; h < heads; h++) {
          Require.that(
              scores[l].length == heads
                  && scores[l][h].length == scales
                  && Double.isFinite(scores[l][h][map]),
              "score of layer %d, head %d, scale %d must be finite, got none",
              l,
              h,
              map + 1);
          score[h * layers + l] = scores[l][h][map] + 0.0; // so that -0 and 0 tie
        }
      }
      orders[i] =
          IntStream.range(0, score.length)
              .boxed()
              .sorted((a, b) -> Double.compare(score[a], score[b]))
              .mapToInt(Integer::intValue)
              .toArray();
    }
    return new HeatKvOrders(sinkScales, scales, layers, heads, orders);
  }

  /**
   * Returns the packed pairs of one source map by rank, as a new array.
   *
   * @param sourceMap s0..K−2
   */
  public int[] order(int sourceMap) {
    return orders[sourceMap - sinkScales].clone();
  }

  /** Returns the head of a packed pair. */
  public int head(int pair) {
    return pair / layers;
  }

  /** Returns the layer of a packed pair. */
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
