package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AttentionScoresTest {
  /** Enough queries and keys that the sums are made in three blocks, the last one shorter. */
  @Test
  void sumsInBlocksAreTheSumsOfAllQueries() {
    ScaleSchedule schedule = ScaleSchedule.ofSides(62, 50, 1);
    int queries = 2500;
    int tokens = 62 * 62 + queries;
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      NDArray q = m.randomNormal(0, 1, new Shape(1, 1, queries, 8), DataType.FLOAT32);
      NDArray k = m.randomNormal(0, 1, new Shape(1, 1, tokens, 8), DataType.FLOAT32);
      SelectionInputs a =
          new SelectionInputs(
              0,
              1,
              schedule,
              new int[] {0},
              q,
              () -> q,
              SelectionInputs.Held.of(k, k),
              0.7,
              new int[] {tokens},
              SelectionInputs.Origins.complete(tokens - queries));
      float[] sums = AttentionScores.columns(a);
      float[] expected = AttentionScores.window(a, IntStream.range(0, queries).toArray());
      assertEquals(tokens, sums.length);
      double all = 0;
      for (int j = 0; j < tokens; j++) {
        assertEquals(expected[j], sums[j], 1e-5 * expected[j], "token " + j);
        all += sums[j];
      }
      assertEquals(queries, all, 1e-2, "one for each query");
    }
  }
}
