package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.tensor.TorchOps;
import java.util.ArrayList;
import java.util.List;

/**
 * Whole attention matrices of chosen layers at one scale, first conditional row, averaged over
 * heads.
 *
 * <p>Memory: rows are computed in blocks of at most max(2²⁰, H·T) attention values, and of each
 * matrix at most {@link AttentionMap#MOST_ROWS} × {@link AttentionMap#MOST_COLUMNS} cells are kept
 * (4 MiB).
 */
public final class AttentionMapTap implements AttentionTap {
  private static final int BLOCK_VALUES = 1 << 20;

  private final ProfileGeometry geometry;
  private final int scale;
  private final List<Integer> layers;
  private final int mostRows;
  private final int mostColumns;
  private final List<AttentionMap> maps = new ArrayList<>();

  AttentionMapTap(
      ProfileGeometry geometry, int scale, List<Integer> layers, int mostRows, int mostColumns) {
    this.geometry = geometry;
    this.scale = scale;
    this.layers = List.copyOf(layers);
    this.mostRows = mostRows;
    this.mostColumns = mostColumns;
  }

  /** Returns a tap for one generation of one prompt. */
  public static AttentionMapTap of(ProfileGeometry geometry, int scale, List<Integer> layers) {
    return new AttentionMapTap(
        geometry, scale, layers, AttentionMap.MOST_ROWS, AttentionMap.MOST_COLUMNS);
  }

  /** Returns the recorded attention, in the order of the requested layers. */
  public List<AttentionMap> maps() {
    return layers.stream()
        .map(
            l ->
                maps.stream()
                    .filter(m -> m.layer() == l)
                    .findFirst()
                    .orElseThrow(
                        () ->
                            new IllegalStateException(
                                "missing layer %d scale %d: the generation is not complete"
                                    .formatted(l, scale + 1))))
        .toList();
  }

  @Override
  public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    SiteCheck.check(geometry, 1, site, query.getShape(), key.getShape());
    if (site.scale() != scale || !layers.contains(site.layer())) {
      return;
    }
    int queries = geometry.schedule().tokens(scale);
    int keys = geometry.schedule().tokensBefore(scale + 1);
    double[][] cells = new double[Math.min(queries, mostRows)][Math.min(keys, mostColumns)];
    int step = (int) Math.max(1, BLOCK_VALUES / ((long) geometry.heads() * keys));
    try (NDManager scope = query.getManager().newSubManager()) {
      NDArray q = conditional(scope, query);
      NDArray k = conditional(scope, key);
      if (site.softmaxScale() != 1) {
        q = q.mul((float) site.softmaxScale());
        q.attach(scope);
      }
      for (int from = 0; from < queries; from += step) {
        block(scope, q, k, from, Math.min(queries, from + step), queries, cells);
      }
    }
    int history = geometry.schedule().tokensBefore(scale);
    maps.add(new AttentionMap(site.layer(), scale, queries, keys, history, cells));
  }

  private static NDArray conditional(NDManager scope, NDArray x) {
    NDArray row = AttentionColumns.conditional(scope, x, 1);
    if (row.getDataType() == DataType.FLOAT32) {
      return row;
    }
    NDArray converted = row.toType(DataType.FLOAT32, false);
    converted.attach(scope);
    return converted;
  }

  private void block(
      NDManager scope, NDArray q, NDArray k, int from, int to, int queries, double[][] cells) {
    int n = to - from;
    int heads = geometry.heads();
    long[] index = new long[heads * n];
    for (int h = 0; h < heads; h++) {
      for (int i = 0; i < n; i++) {
        index[h * n + i] = (long) h * queries + from + i;
      }
    }
    float[] p;
    try (NDArray flat = q.reshape(-1, q.getShape().get(3));
        NDArray rows = scope.create(index, new Shape(1, heads, n));
        NDArray all = TorchOps.call("softmax_rows", flat, k, rows);
        NDArray mean = all.mean(new int[] {1})) {
      p = mean.toFloatArray();
    }
    int keys = p.length / n;
    for (int i = 0; i < n; i++) {
      int row = (int) ((long) (from + i) * cells.length / queries);
      double share = 1.0 / queriesOf(row, cells.length, queries);
      for (int j = 0; j < keys; j++) {
        int column = (int) ((long) j * cells[row].length / keys);
        cells[row][column] += share * p[i * keys + j];
      }
    }
  }

  /** Returns how many of the queries fall into a row of cells. */
  private static long queriesOf(int row, int rows, int queries) {
    return first(row + 1, rows, queries) - first(row, rows, queries);
  }

  /** Returns the first query i with ⌊i · rows / queries⌋ ≥ row. */
  private static long first(int row, int rows, int queries) {
    return ((long) row * queries + rows - 1) / rows;
  }
}
