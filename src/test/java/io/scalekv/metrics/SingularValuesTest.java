package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SingularValuesTest {
  /** Against the full decomposition, of full rank and of rank 3, over many magnitudes. */
  @ParameterizedTest
  @CsvSource({"1,1", "1,6", "6,1", "5,5", "7,4", "4,7", "40,40", "60,25"})
  void asTheFullDecomposition(int n, int m) {
    for (double unit : new double[] {1e-120, 1e-8, 1, 1e100}) {
      check(scaled(FeatureFixtures.normal(n, m, 0.3, 31L * n + m), unit));
      double[][] left = FeatureFixtures.normal(n, 3, 0, n);
      double[][] right = FeatureFixtures.normal(3, m, 0, m);
      check(
          scaled(
              new Array2DRowRealMatrix(left).multiply(new Array2DRowRealMatrix(right)).getData(),
              unit));
    }
  }

  private static double[][] scaled(double[][] rows, double unit) {
    for (double[] row : rows) {
      Arrays.setAll(row, c -> row[c] * unit);
    }
    return rows;
  }

  private static void check(double[][] matrix) {
    double[] expected =
        new SingularValueDecomposition(new Array2DRowRealMatrix(matrix)).getSingularValues();
    double[] got = SingularValues.of(matrix);
    assertArrayEquals(expected, got, 1e-13 * expected[0]);
  }

  @Test
  void structured() {
    assertArrayEquals(new double[3], SingularValues.of(new double[5][3]));
    double[] repeated = SingularValues.of(new double[][] {{0, 2, 0}, {2, 0, 0}, {0, 0, -2}});
    assertArrayEquals(new double[] {2, 2, 2}, repeated, 1e-14);
    double[] graded = SingularValues.of(new double[][] {{1e6, 0, 0}, {0, 1, 0}, {0, 0, 1e-6}});
    assertArrayEquals(new double[] {1e6, 1, 1e-6}, graded, 1e-9);
    double[][] ones = new double[30][20];
    for (double[] row : ones) {
      Arrays.fill(row, 1);
    }
    double[] values = SingularValues.of(ones);
    assertEquals(Math.sqrt(600), values[0], 1e-12);
    assertEquals(0, values[1], 1e-12);
  }
}
