package io.scalekv.tensor;

import ai.djl.ndarray.NDArray;

/**
 * Weight of a linear layer in the layout of oneDNN's matrix product, which spares the product the
 * reordering at every call. For inference; the operations {@code packed_linear} and {@code
 * packed_linear_gelu} take it. Other reads of its numbers are not possible.
 */
public final class PackedWeight {
  /** Rows of activations for which the layout is chosen; any number can be multiplied. */
  private static final long ROWS = 1024;

  private PackedWeight() {}

  /** Returns whether weights on the device of this array can be packed. */
  public static boolean possible(NDArray weight) {
    return !weight.getDevice().isGpu() && TorchOps.has("pack_weight");
  }

  /**
   * Returns a packed copy.
   *
   * @param weight [O,C], float32 or bfloat16
   * @return opaque, of the same shape and element type, owned by the manager of {@code weight}
   */
  public static NDArray of(NDArray weight) {
    try (NDArray rows = weight.getManager().create(new long[] {ROWS})) {
      return TorchOps.call("pack_weight", weight, rows);
    }
  }
}
