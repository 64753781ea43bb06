package io.scalekv.model;

import ai.djl.ndarray.NDArray;

/**
 * Port through which observers see what self-attention really uses: once per layer and token map,
 * after bias, normalisation, temperature and rotary embedding, before the softmax.
 *
 * <p>Letters: B batch rows (conditional rows first, then unconditional ones under guidance), H
 * heads, L queries of the current map, T keys (history, then the current map), D head width.
 *
 * <p>The arrays belong to the caller and live only during the call: a tap reads, it neither keeps
 * nor changes them.
 */
@FunctionalInterface
public interface AttentionTap {
  /**
   * Called for every layer and map in the order in which the model computes them.
   *
   * @param site where in the model and the schedule this attention is
   * @param query [B, H, L, D]
   * @param key [B, H, T, D], the current map's keys last
   * @param value [B, H, T, D]
   */
  void attend(AttentionSite site, NDArray query, NDArray key, NDArray value);
}
