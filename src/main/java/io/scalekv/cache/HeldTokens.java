package io.scalekv.cache;

import ai.djl.ndarray.NDArray;
import io.scalekv.tensor.TorchOps;
import java.util.function.Supplier;

/**
 * Keys, or values, that the queries of one map attend in one layer, in float32 and in bfloat16;
 * each is made when it is first asked for.
 */
final class HeldTokens {
  private final boolean copied;
  private final Supplier<NDArray> wide;
  private final Supplier<NDArray> half;
  private NDArray fp32;
  private NDArray bf16;

  /**
   * @param copied whether the float32 form is a copy, not a view of the cache
   * @param wide makes the float32 form
   * @param half makes the bfloat16 form where there is no float32 form yet
   */
  HeldTokens(boolean copied, Supplier<NDArray> wide, Supplier<NDArray> half) {
    this.copied = copied;
    this.wide = wide;
    this.half = half;
  }

  /** Returns tokens that are there in float32; the result owns them. */
  static HeldTokens of(NDArray fp32) {
    HeldTokens held = new HeldTokens(true, null, null);
    held.fp32 = fp32;
    return held;
  }

  boolean copied() {
    return copied;
  }

  NDArray fp32() {
    if (fp32 == null) {
      fp32 = wide.get();
    }
    return fp32;
  }

  /** Rounded to nearest even. */
  NDArray bf16() {
    if (bf16 == null) {
      bf16 = fp32 == null ? half.get() : TorchOps.call("to_bf16", fp32);
    }
    return bf16;
  }

  /** Frees what was made. */
  void free() {
    if (fp32 != null) {
      fp32.close();
    }
    if (bf16 != null) {
      bf16.close();
    }
  }
}
