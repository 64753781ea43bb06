package io.scalekv.model.attention;

import ai.djl.ndarray.NDArray;

/**
 * Observer of a generation's intermediate values. The arrays are valid only during the call.
 * Letters: B images, R batch rows (2B under guidance), L tokens of the scale, C width, V logits of
 * a token, Z numbers of a code, h×w the latent.
 */
public interface GenerationTrace {
  /** Trace that ignores everything. */
  GenerationTrace NONE = new GenerationTrace() {};

  /** Called with the input of layer 0, [R,L,C], positions added. */
  default void blockInput(int scale, NDArray x) {}

  /** Called with the output of a layer, [R,L,C]. */
  default void blockOutput(int scale, int layer, NDArray x) {}

  /** Called with the logits of all rows, [R,L,V]; by VAR alone. */
  default void rowLogits(int scale, NDArray logits) {}

  /** Called with the guided logits, [B,L,V]. */
  default void logits(int scale, NDArray logits) {}

  /** Called with the indices of the codes, B·L; by VAR alone. */
  default void indices(int scale, int... indices) {}

  /** Called with the codes summed up to a scale, [B,Z,h,w]. */
  default void summed(int scale, NDArray codes) {}

  /** Called with the sum resized to the next scale, [B,L',Z]; not after the last scale. */
  default void nextInput(int scale, NDArray codes) {}
}
