package io.scalekv.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopTokensTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void takesTheHighestTiesToTheLowerIndex(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int heads = random.nextInt(1, 4);
    int rows = random.nextInt(1, 4);
    int tokens = random.nextInt(1, 30);
    float[] scores = new float[rows * heads * tokens];
    for (int i = 0; i < scores.length; i++) {
      // few values, so that many are equal
      scores[i] =
          switch (random.nextInt(8)) {
            case 0 -> Float.POSITIVE_INFINITY;
            case 1 -> Float.NEGATIVE_INFINITY;
            default -> random.nextInt(-2, 3) / 2f;
          };
    }
    int[] budget = IntStream.range(0, heads).map(h -> random.nextInt(0, tokens + 3)).toArray();
    RetainedTokens kept = TopTokens.of(scores, heads, tokens, budget);
    for (int i = 0; i < rows * heads; i++) {
      int from = i * tokens;
      int[] expected =
          IntStream.range(0, tokens)
              .boxed()
              .sorted(Comparator.comparing((Integer j) -> -scores[from + j]))
              .limit(budget[i % heads])
              .mapToInt(j -> j)
              .sorted()
              .toArray();
      assertArrayEquals(expected, kept.of(i / heads, i % heads), Arrays.toString(scores));
    }
  }

  @Test
  void notANumberIsAnError() {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> TopTokens.of(new float[] {1, 2, 3, Float.NaN}, 2, 2, new int[] {1, 1}));
    assertTrue(e.getMessage().endsWith("NaN at 1"), e.getMessage());
  }
}
