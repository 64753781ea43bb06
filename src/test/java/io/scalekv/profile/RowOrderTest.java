package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.scalekv.metrics.Concentration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Order statistics of rows of every length at which the sort changes, against plain sorting. */
final class RowOrderTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 255, 256, 405, 1497, 4095, 4096, 4097, 10521})
  void giniAndTopSum(int n) {
    Random random = new Random(n);
    RowOrder order = new RowOrder();
    for (int t = 0; t < 4; t++) {
      int at = random.nextInt(5);
      float[] values = new float[at + n + 3];
      Arrays.fill(values, 1);
      double[] row = new double[n];
      double sum = 0;
      for (int i = 0; i < n; i++) {
        // a few large values, many small ones, some zeros
        double v = random.nextInt(9) == 0 ? 0 : Math.pow(random.nextDouble(), 1 + 4 * t);
        values[at + i] = (float) v;
        sum += v;
      }
      values[at] = sum == 0 ? 1 : values[at];
      for (int i = 0; i < n; i++) {
        row[i] = values[at + i];
      }
      assertEquals(Concentration.gini(row), order.gini(values, at, n), 1e-9);
      double[] sorted = row.clone();
      Arrays.sort(sorted);
      int k = 1 + random.nextInt(n);
      double top = Arrays.stream(sorted, n - k, n).sum();
      assertEquals(top, order.topSum(values, at, n, k), 1e-9 * (1 + top));
    }
  }
}
