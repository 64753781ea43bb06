package io.scalekv.model.infinity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import java.util.List;

/**
 * Text condition of one generation, computed once: B rows, conditional ones first.
 *
 * @param pooled attentively pooled text, [B,C]; it also starts the first scale
 * @param projected text as cross attention reads it, [B,T,C]
 * @param shared modulation shared by all layers, [B,1,6,C]
 * @param modulation per layer, {@code shared} plus the layer's own: gamma1, gamma2, scale1, scale2,
 *     shift1, shift2, each [B,1,C]
 * @param headModulation scale and shift before the head, each [B,1,C]
 * @param keys per layer, cross-attention keys [B,H,T,D]
 * @param values per layer, cross-attention values [B,H,T,D]
 * @param mask additive [B,1,1,T], or null without padding
 */
public record TextCondition(
    NDArray pooled,
    NDArray projected,
    NDArray shared,
    List<List<NDArray>> modulation,
    List<NDArray> headModulation,
    List<NDArray> keys,
    List<NDArray> values,
    NDArray mask) {
  /** Returns the condition of the first rows alone, as views. */
  TextCondition first(int rows) {
    NDIndex first = new NDIndex("0:{}", rows);
    return new TextCondition(
        pooled.get(first),
        projected.get(first),
        shared.get(first),
        modulation.stream().map(layer -> first(layer, first)).toList(),
        first(headModulation, first),
        first(keys, first),
        first(values, first),
        mask == null ? null : mask.get(first));
  }

  private static List<NDArray> first(List<NDArray> all, NDIndex rows) {
    return all.stream().map(x -> x.get(rows)).toList();
  }
}
