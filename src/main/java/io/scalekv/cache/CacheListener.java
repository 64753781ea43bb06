package io.scalekv.cache;

import ai.djl.ndarray.NDArray;

/** Sees what happens in a cache. The arrays live only during the call. */
public interface CacheListener {
  /** Nothing is looked at. */
  CacheListener NONE = new CacheListener() {};

  /** A layer's queries [R,H,L,D] are about to meet its keys and values. */
  default void attending(int layer, NDArray query, AttentionInputs held) {}

  /** A group of heads has attended a map, the last one included. */
  default void attended(SelectionInputs a) {}

  /** A layer's cache after a map was stored and cut. */
  default void cached(int layer, KvCache cache) {}
}
