package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;

/**
 * Observer of VAR's intermediate values. The arrays are valid only during the call. Letters: B
 * images, R batch rows (2B under guidance), L tokens of the scale, C width, V codes, Z width of a
 * code, P side of the last map.
 */
public interface VarTrace {
  /** Trace that ignores everything. */
  VarTrace NONE = new VarTrace() {};

  /** Called with the input of layer 0, [R,L,C]. */
  default void blockInput(int scale, NDArray x) {}

  /** Called with the output of a layer, [R,L,C]. */
  default void blockOutput(int scale, int layer, NDArray x) {}

  /** Called with the logits of all rows, [R,L,V]. */
  default void rowLogits(int scale, NDArray logits) {}

  /** Called with the guided logits, [B,L,V]. */
  default void logits(int scale, NDArray logits) {}

  /** Called with the indices of the codes, B·L. */
  default void indices(int scale, int... indices) {}

  /** Called with the features summed up to a scale, [B,Z,P,P]. */
  default void features(int scale, NDArray features) {}

  /** Called with the features reduced to the next map, [B,L',Z]; not after the last scale. */
  default void nextInput(int scale, NDArray codes) {}
}
