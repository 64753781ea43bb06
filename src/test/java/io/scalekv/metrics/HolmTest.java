package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HolmTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 12, 40})
  void neverSmallerAndInOrder(int m) {
    Random random = new Random(m);
    double[] p = random.doubles(m).map(v -> Math.round(20 * v * v) / 20.0).toArray();
    double[] adjusted = Holm.adjust(p);
    for (int i = 0; i < m; i++) {
      assertTrue(adjusted[i] >= p[i] && adjusted[i] <= 1);
      for (int j = 0; j < m; j++) {
        assertTrue(p[i] > p[j] || adjusted[i] <= adjusted[j]);
      }
    }
  }

  /** The closed test: the largest Bonferroni p-value over all sets of hypotheses that hold i. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void asTheClosedTest(long seed) {
    double[] p = new Random(seed).doubles(6).map(v -> v * v * v).toArray();
    double[] adjusted = Holm.adjust(p);
    for (int i = 0; i < 6; i++) {
      double largest = 0;
      for (int set = 0; set < 64; set++) {
        if ((set >> i & 1) == 1) {
          double smallest = 1;
          for (int j = 0; j < 6; j++) {
            smallest = (set >> j & 1) == 1 ? Math.min(smallest, p[j]) : smallest;
          }
          largest = Math.max(largest, Math.min(1, Integer.bitCount(set) * smallest));
        }
      }
      assertEquals(largest, adjusted[i], 1e-15);
    }
  }

  @Test
  void edges() {
    assertArrayEquals(new double[0], Holm.adjust());
    assertArrayEquals(new double[] {0.2}, Holm.adjust(0.2));
    assertThrows(IllegalArgumentException.class, () -> Holm.adjust(0.1, Double.NaN));
    assertArrayEquals(new double[] {1, 0, 0, 1}, Holm.adjust(1, 0, 0, 1));
    for (double beyond : new double[] {1.1, -0.1}) {
      assertThrows(IllegalArgumentException.class, () -> Holm.adjust(beyond));
    }
  }
}
