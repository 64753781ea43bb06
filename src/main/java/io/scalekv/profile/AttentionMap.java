package io.scalekv.profile;

/**
 * The attention matrix of one (layer, scale), averaged over heads, rows the queries of the map and
 * columns the keys in cache order. A large matrix is reduced: a cell holds the mean over its
 * queries of the attention that its keys get together, so every row sums to 1 at any size.
 *
 * @param layer 0-based
 * @param scale 0-based
 * @param queries L, tokens of the map
 * @param keys T, all keys up to the map's end
 * @param history T − L, keys of the earlier maps
 * @param cells [row][column]
 */
public record AttentionMap(
    int layer, int scale, int queries, int keys, int history, double[][] cells) {
  /** Most rows that are kept. */
  public static final int MOST_ROWS = 512;

  /** Most columns that are kept. */
  public static final int MOST_COLUMNS = 1024;
}
