package io.scalekv.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.tensor.TorchOps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Check for NaN and infinite weights, which would spread over every image. A finite tensor costs
 * one pass over its memory and no allocation.
 */
final class FiniteCheck {
  private static final long PART = 1 << 20;

  private FiniteCheck() {}

  /**
   * Checks that all numbers are finite.
   *
   * @param halved whether they were rounded to bfloat16
   * @throws WeightsFileException with the number of NaN and infinite values and the first index
   */
  static void check(TensorInfo info, NDArray array, boolean halved) {
    if (!info.type().isFloating() || info.elements() == 0) {
      return;
    }
    try (NDArray total = TorchOps.call("total", array)) {
      if (Float.isFinite(total.getFloat())) {
        return;
      }
    }
    // a number that is not finite, or a sum beyond the largest float
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
        String.join(" and ", got) + ", the first at " + Arrays.toString(info.index(first)));
  }
}
