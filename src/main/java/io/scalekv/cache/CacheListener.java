package io.scalekv.cache;

import ai.djl.ndarray.NDArray;

/** Observer of a cache. The arrays live only during the call. */
public interface CacheListener {
  /** A listener that does nothing. */
  CacheListener NONE = new CacheListener() {};

  /** Called before a layer's queries [R,H,L,D] attend its keys and values. */
  default void attending(int layer, NDArray query, AttentionInputs inputs) {}

  /**
   * Called before a layer's queries attend, where the policy selects the tokens that they read.
   *
   * @param retained of prefix and current map, by their places in the inputs
   */
  default void selected(int layer, RetainedTokens retained) {}

  /** Called after a group of heads has attended a scale, the last one included. */
  default void attended(SelectionInputs inputs) {}

  /** Called after a layer's cache has stored a scale and was compressed. */
  default void cached(int layer, KvCache cache) {}
}
