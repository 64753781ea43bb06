package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.model.AttentionSite;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;

/**
 * Attention that each key receives from all queries of a map: Σ_i p_ij and Σ_i p_ij², in the
 * conditional rows. Softmax rows in float32, sums in float64.
 *
 * <p>Memory: queries are taken in blocks of at most max(2²⁰, B·H·T) attention values; the attention
 * matrix of a map is never built.
 */
public final class AttentionColumns {
  private static final int BLOCK_VALUES = 1 << 20;

  private final int rows;
  private final int heads;
  private final int keys;
  private final double[] sums;

  private AttentionColumns(int rows, int heads, int keys, double[] sums) {
    this.rows = rows;
    this.heads = heads;
    this.keys = keys;
    this.sums = sums;
  }

  /** Returns the sums of one attention call, query [B,H,L,D] and key [B,H,T,D]. */
  public static AttentionColumns of(AttentionSite site, NDArray query, NDArray key) {
    return of(site, query, key, BLOCK_VALUES);
  }

  static AttentionColumns of(AttentionSite site, NDArray query, NDArray key, int blockValues) {
    int rows = site.conditionalRows();
    int heads = (int) key.getShape().get(1);
    int keys = (int) key.getShape().get(2);
    long perQuery = (long) rows * heads * keys;
    long step = Math.max(1, blockValues / perQuery);
    try (NDManager scope = query.getManager().newSubManager()) {
      NDArray q = conditional(scope, query, rows);
      NDArray k = conditional(scope, key, rows);
      NDArray scale = NativeCopy.of(scope, new float[] {(float) site.softmaxScale()}, new Shape(1));
      NDArray block = NativeCopy.of(scope, new long[] {step}, new Shape(1));
      double[] sums = TorchOps.call("attention_column_sums", q, k, scale, block).toDoubleArray();
      return new AttentionColumns(rows, heads, keys, sums);
    }
  }

  /** Returns the conditional rows as a view. */
  static NDArray conditional(NDManager scope, NDArray x, int rows) {
    NDArray view = x.get(new NDIndex("0:{}", rows));
    view.attach(scope);
    return view;
  }

  /** Σ_i p_ij of one conditional row, head and key j. */
  public double sum(int row, int head, int key) {
    return sums[(row * heads + head) * keys + key];
  }

  /** Σ_i p_ij² of one conditional row, head and key j. */
  double squares(int row, int head, int key) {
    return sums[((rows + row) * heads + head) * keys + key];
  }
}
