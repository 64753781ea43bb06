package io.scalekv.model.infinity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.model.attention.Modulation;
import java.util.List;

/**
 * Text condition of one generation, computed once: B rows, conditional ones first.
 *
 * @param pooled attentively pooled text, [B,C]; it also starts the first scale
 * @param projected text as cross attention reads it, [B,T,C]
 * @param modulation of the layers and the head
 * @param keys per layer, cross-attention keys [B,H,T,D]
 * @param values per layer, cross-attention values [B,H,T,D]
 * @param mask additive [B,1,1,T], or null without padding
 */
public record TextCondition(
    NDArray pooled,
    NDArray projected,
    Modulation modulation,
    List<NDArray> keys,
    List<NDArray> values,
    NDArray mask) {
  /** Returns the condition of the first rows alone, as views. */
  TextCondition first(int rows) {
    NDIndex first = new NDIndex("0:{}", rows);
    return new TextCondition(
        pooled.get(first),
        projected.get(first),
        modulation.first(rows),
        Modulation.first(keys, rows),
        Modulation.first(values, rows),
        mask == null ? null : mask.get(first));
  }
}
