package io.scalekv.model.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import java.util.List;

/**
 * Adaptive layer norm of a batch: what its condition says to every layer, computed once.
 *
 * @param shared output of the shared linear layer, [B,1,6,C], or null where every layer has its own
 * @param layers per layer gamma1, gamma2, scale1, scale2, shift1, shift2, each [B,1,C]
 * @param head scale and shift before the head, each [B,1,C]
 */
public record Modulation(NDArray shared, List<List<NDArray>> layers, List<NDArray> head) {
  /** Returns the modulation of the first rows alone, as views. */
  public Modulation first(int rows) {
    return new Modulation(
        shared == null ? null : shared.get(new NDIndex("0:{}", rows)),
        layers.stream().map(layer -> first(layer, rows)).toList(),
        first(head, rows));
  }

  /** Returns the first rows of arrays, as views. */
  public static List<NDArray> first(List<NDArray> all, int rows) {
    return all.stream().map(x -> x.get(new NDIndex("0:{}", rows))).toList();
  }
}
