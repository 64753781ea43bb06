package io.scalekv.vocabtrim.trim;

import io.scalekv.vocabtrim.lm.LlamaWeights;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.weights.TensorData;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Retained tokens of a trimmed head.
 *
 * @param retained tokens
 * @param order the same tokens by frequency, where that is known
 */
public record Mapping(VocabularySubset retained, int[] order) {
  /** Returns the first k tokens of a ranking. */
  public static Mapping of(FrequencyRanking ranking, int k) {
    return new Mapping(ranking.retained(k), ranking.first(k));
  }

  /** Returns retained tokens of unknown frequencies. */
  public static Mapping of(VocabularySubset retained) {
    return new Mapping(retained, retained.toArray());
  }

  /** Returns the values of {@code d2t}, [K]. */
  public long[] d2t(boolean offsets) {
    long[] d2t = new long[retained.size()];
    for (int j = 0; j < d2t.length; j++) {
      d2t[j] = (long) retained.id(j) - (offsets ? j : 0);
    }
    return d2t;
  }

  /** Returns the values of {@code t2d}, [V]. */
  boolean[] t2d() {
    boolean[] t2d = new boolean[retained.vocabulary()];
    for (int j = 0; j < retained.size(); j++) {
      t2d[retained.id(j)] = true;
    }
    return t2d;
  }

  /** Returns {@code d2t} (int64) and {@code t2d} (bool). */
  public Map<String, TensorData> tensors(boolean offsets) {
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    tensors.put(LlamaWeights.D2T, TensorData.of(d2t(offsets), retained.size()));
    tensors.put(LlamaWeights.T2D, TensorData.of(t2d(), retained.vocabulary()));
    return tensors;
  }
}
