package io.scalekv.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.tensor.TorchOps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Weights are finite: one NaN or infinite number spreads over every image, so a tensor that holds
 * one is refused while it is loaded. A sound tensor costs one pass over its memory, and none is
 * taken.
 */
final class FiniteCheck {
  private static final long PART = 1 << 20;

  private FiniteCheck() {}

  /**
   * Refuses what is not finite.
   *
   * @param info of the tensor in its file
   * @param array its numbers in memory
   * @param halved whether they were rounded to bfloat16
   * @throws WeightsFileException that says how many there are, and where the first is
   */
  static void check(TensorInfo info, NDArray array, boolean halved) {
    if (!info.type().isFloating() || info.elements() == 0) {
      return;
    }
    try (NDArray extremes = TorchOps.call("extremes", array)) {
      float[] e = extremes.toFloatArray();
      if (!Float.isFinite(e[0]) || !Float.isFinite(e[1])) {
        throw refusal(info, array, halved);
      }
    }
  }

  private static WeightsFileException refusal(TensorInfo info, NDArray array, boolean halved) {
    long nan = 0;
    long infinite = 0;
    long first = -1;
    try (NDManager scope = array.getManager().newSubManager()) {
      for (long from = 0; from < info.elements(); from += PART) {
        long[] range = {from, Math.min(PART, info.elements() - from)};
        try (NDArray found = TorchOps.call("not_finite", array, scope.create(range))) {
          long[] counts = found.toLongArray();
          nan += counts[0];
          infinite += counts[1];
          first = first < 0 && counts[0] + counts[1] > 0 ? from + counts[2] : first;
        }
      }
    }
    List<String> got = new ArrayList<>();
    if (nan > 0) {
      got.add(nan + " NaN");
    }
    if (infinite > 0) {
      got.add(infinite + " infinite");
    }
    return WeightsFileException.in(
        info.file(),
        info + (halved && info.type() != StoredType.BF16 ? " as bfloat16" : ""),
        "finite",
        String.join(" and ", got) + ", the first at " + Arrays.toString(place(info, first)));
  }

  /** The index of an element that is counted row-major. */
  private static long[] place(TensorInfo info, long element) {
    long[] shape = info.shape();
    long[] index = new long[shape.length];
    long rest = element;
    for (int d = shape.length - 1; d >= 0; d--) {
      index[d] = rest % shape[d];
      rest /= shape[d];
    }
    return index;
  }
}
