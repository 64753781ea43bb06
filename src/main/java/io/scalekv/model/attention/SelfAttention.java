package io.scalekv.model.attention;

import ai.djl.ndarray.NDArray;
import io.scalekv.tensor.TorchOps;
import java.util.function.Supplier;

/**
 * Self-attention of a layer over the keys and values of this scale and of earlier ones: with a
 * cache in generation, all scales at once in training.
 */
@FunctionalInterface
public interface SelfAttention {
  /**
   * Returns the attention with softmax scale 1.
   *
   * @param layer layer index, 0-based
   * @param query [B,H,L,D], normalised, tempered, rotated
   * @param key [B,H,L,D] of the same tokens
   * @param value [B,H,L,D] of the same tokens
   * @param projectedQuery the query's projection without bias, normalisation, temperature and
   *     rotation, [B,H,L,D]; derived from the one projection when asked for
   * @return [B,H,L,D]
   */
  NDArray attend(
      int layer, NDArray query, NDArray key, NDArray value, Supplier<NDArray> projectedQuery);

  /**
   * Returns the attention of training: all scales at once, each to itself and those before it.
   *
   * @param bounds first token of each scale and the end, [K+1]
   */
  static SelfAttention ofPrefixes(NDArray bounds) {
    return (layer, q, k, v, projected) -> TorchOps.call("prefix_attention", q, k, v, bounds);
  }
}
