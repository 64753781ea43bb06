package io.scalekv.model;

import ai.djl.ndarray.NDArray;

/**
 * Observer of the inputs of self-attention, called once per layer and scale after bias,
 * normalisation, temperature and rotary embedding, before the softmax.
 *
 * <p>Letters: B batch rows (conditional rows first, then unconditional ones under guidance), H
 * heads, L queries of the current scale, T keys (prefix, then the current scale), D head width.
 *
 * <p>The arrays belong to the caller and are valid only during the call; a tap reads them and
 * neither keeps nor changes them.
 */
@FunctionalInterface
public interface AttentionTap {
  /**
   * Called for every layer and scale in the order in which the model computes them.
   *
   * @param site layer and scale
   * @param query [B, H, L, D]
   * @param key [B, H, T, D], the current scale's keys last
   * @param value [B, H, T, D]
   */
  void attend(AttentionSite site, NDArray query, NDArray key, NDArray value);
}
