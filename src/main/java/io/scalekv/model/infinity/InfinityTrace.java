package io.scalekv.model.infinity;

import ai.djl.ndarray.NDArray;

/**
 * Observer of Infinity's intermediate values. The arrays are valid only during the call. Letters: B
 * prompts, R batch rows (2B under guidance), L tokens of the scale, C width, d bits, h×w the last
 * map.
 */
public interface InfinityTrace {
  /** Trace that ignores everything. */
  InfinityTrace NONE = new InfinityTrace() {};

  /** Called with the input of layer 0, [R,L,C], level embedding added. */
  default void blockInput(int scale, NDArray x) {}

  /** Called with the output of a layer, [R,L,C]. */
  default void blockOutput(int scale, int layer, NDArray x) {}

  /** Called with the guided logits, [B,L,2d]. */
  default void logits(int scale, NDArray logits) {}

  /** Called with the codes accumulated after a scale, [B,d',h,w]. */
  default void summedCodes(int scale, NDArray codes) {}

  /** Called with the codes resized for the next scale, [B,L',d]; not after the last scale. */
  default void nextInput(int scale, NDArray codes) {}
}
