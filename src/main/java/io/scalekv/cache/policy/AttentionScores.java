package io.scalekv.cache.policy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.Attended;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;

/**
 * Attention that held tokens receive, computed natively: [R·G·T] row by row and head by head, T
 * numbers each. The softmax runs over all T keys, with the factor that the model's attention uses.
 */
final class AttentionScores {
  private AttentionScores() {}

  /** Softmax attention of some of the map's queries, summed over them. */
  static float[] window(Attended a, int[] queries) {
    return ofQueries("window_attention", a, a.query(), queries, a.softmaxScale());
  }

  /** Products of the raw query projection and the keys over √D, summed over some queries. */
  static float[] logits(Attended a, int[] queries) {
    NDArray raw = a.projectedQuery().get();
    return ofQueries("window_logits", a, raw, queries, 1 / Math.sqrt(raw.getShape().get(3)));
  }

  /** Softmax attention of all of the map's queries, summed over them. */
  static float[] columns(Attended a) {
    NDManager manager = a.query().getManager();
    try (NDArray scale = manager.full(new Shape(1), (float) a.softmaxScale());
        NDArray sums = TorchOps.call("attention_columns", a.query(), a.keys(), scale)) {
      return sums.toFloatArray();
    }
  }

  private static float[] ofQueries(
      String op, Attended a, NDArray query, int[] queries, double factor) {
    NDManager manager = query.getManager();
    long[] at = Arrays.stream(queries).asLongStream().toArray();
    try (NDArray index = NativeCopy.of(manager, at, new Shape(at.length));
        NDArray scale = manager.full(new Shape(1), (float) factor);
        NDArray sums = TorchOps.call(op, query, a.keys(), index, scale)) {
      return sums.toFloatArray();
    }
  }
}
