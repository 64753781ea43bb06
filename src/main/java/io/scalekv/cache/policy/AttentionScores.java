package io.scalekv.cache.policy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;

/**
 * Attention on stored tokens, computed natively: [R·G·T] row by row and head by head, T numbers
 * each. The softmax runs over all T keys, with the factor that the model's attention uses.
 */
final class AttentionScores {
  private AttentionScores() {}

  /** Returns softmax attention of some of the map's queries, summed over them. */
  static float[] window(SelectionInputs a, int[] queries) {
    return window(a, queries, false, true);
  }

  /**
   * Returns attention, or its logits, of some of the map's queries, summed over them.
   *
   * @param queries positions in the map
   * @param projected whether the raw query projection, with the factor 1/√D, replaces the queries
   *     and the factor of attention
   * @param softmax whether there is a softmax
   */
  static float[] window(SelectionInputs a, int[] queries, boolean projected, boolean softmax) {
    NDArray query = projected ? a.projectedQuery().get() : a.query();
    double factor = projected ? 1 / Math.sqrt(query.getShape().get(3)) : a.softmaxScale();
    return ofQueries(softmax ? "window_attention" : "window_logits", a, query, queries, factor);
  }

  /**
   * Returns the change of the outputs of some of the map's queries when one key is removed,
   * p/(1−p)·‖o − v‖, summed over them; p is at most 1 − 10⁻⁶.
   *
   * @param queries positions in the map
   */
  static float[] removal(SelectionInputs a, int[] queries) {
    NDManager manager = a.query().getManager();
    long[] at = Arrays.stream(queries).asLongStream().toArray();
    try (NDArray index = NativeCopy.of(manager, at, new Shape(at.length));
        NDArray scale = manager.full(new Shape(1), (float) a.softmaxScale());
        NDArray sums =
            TorchOps.call("removal_errors", a.query(), a.keys(), a.values(), index, scale)) {
      return sums.toFloatArray();
    }
  }

  /** Softmax attention of all of the map's queries, summed over them. */
  static float[] columns(SelectionInputs a) {
    NDManager manager = a.query().getManager();
    try (NDArray scale = manager.full(new Shape(1), (float) a.softmaxScale());
        NDArray sums = TorchOps.call("attention_columns", a.query(), a.keys(), scale)) {
      return sums.toFloatArray();
    }
  }

  private static float[] ofQueries(
      String op, SelectionInputs a, NDArray query, int[] queries, double factor) {
    NDManager manager = query.getManager();
    long[] at = Arrays.stream(queries).asLongStream().toArray();
    try (NDArray index = NativeCopy.of(manager, at, new Shape(at.length));
        NDArray scale = manager.full(new Shape(1), (float) factor);
        NDArray sums = TorchOps.call(op, query, a.keys(), index, scale)) {
      return sums.toFloatArray();
    }
  }
}
