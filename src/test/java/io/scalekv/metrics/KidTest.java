package io.scalekv.metrics;

import static io.scalekv.metrics.FeatureFixtures.noisy;
import static io.scalekv.metrics.FeatureFixtures.normal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class KidTest {
  @ParameterizedTest
  @CsvSource({"2,2,1", "5,9,3", "12,4,7", "20,20,6"})
  void asDefined(int n, int m, int width) {
    double[][] a = normal(n, width, 0, n);
    double[][] b = normal(m, width, 0.3, m + 50);
    double expected = naive(a, a, true) + naive(b, b, true) - 2 * naive(a, b, false);
    assertEquals(expected, Kid.of(a, b), 1e-11);
    assertEquals(expected, Kid.of(b, a), 1e-11);
  }

  private static double naive(double[][] x, double[][] y, boolean apart) {
    double sum = 0;
    int n = 0;
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < y.length; j++) {
        if (!apart || i != j) {
          double dot = 0;
          for (int c = 0; c < x[i].length; c++) {
            dot += x[i][c] * y[j][c];
          }
          sum += Math.pow(dot / x[i].length + 1, 3);
          n++;
        }
      }
    }
    return sum / n;
  }

  /** Over all splits of one set the estimate averages to 0 exactly; over 400, nearly. */
  @Test
  void unbiasedForHalvesOfOneSet() {
    List<double[]> rows = Arrays.asList(normal(60, 8, 0.2, 4));
    Random random = new Random(5);
    double[] values = new double[400];
    for (int s = 0; s < values.length; s++) {
      Collections.shuffle(rows, random);
      values[s] =
          Kid.of(
              rows.subList(0, 30).toArray(double[][]::new),
              rows.subList(30, 60).toArray(double[][]::new));
    }
    double mean = Arrays.stream(values).average().orElseThrow();
    double square = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    assertTrue(Math.abs(mean) < 4 * Math.sqrt(square / values.length), "mean " + mean);
    assertTrue(Arrays.stream(values).anyMatch(v -> v < 0));
    assertTrue(Arrays.stream(values).anyMatch(v -> v > 0));
  }

  @Test
  void growsWithNoise() {
    double[][] clean = normal(80, 16, 0, 7);
    double[][] other = normal(80, 16, 0, 9);
    double last = Kid.of(clean, other);
    double lastPaired = Kid.paired(clean, clean);
    assertEquals(0, lastPaired);
    for (double deviation : new double[] {0.5, 1, 2, 4}) {
      double d = Kid.of(clean, noisy(other, deviation, 8));
      assertTrue(d > last, "noise " + deviation + ": " + d + " after " + last);
      last = d;
      double paired = Kid.paired(clean, noisy(clean, deviation, 8));
      assertTrue(paired > lastPaired, "paired, noise " + deviation + ": " + paired);
      lastPaired = paired;
    }
  }

  /** The two estimates differ by what the N pairs (i, i) weigh in the mean across. */
  @Test
  void pairedLeavesThePairsOut() {
    double[][] a = normal(25, 6, 0, 3);
    double[][] b = noisy(a, 0.5, 4);
    double across = naive(a, b, false);
    double apart = naive(a, b, true);
    assertEquals(Kid.of(a, b) + 2 * (across - apart), Kid.paired(a, b), 1e-11);
    assertTrue(Kid.of(a, a) < 0);
    assertThrows(IllegalArgumentException.class, () -> Kid.paired(a, normal(24, 6, 0, 1)));
  }

  @Test
  void setsOfTwoWidthsAreRefused() {
    double[][] a = normal(9, 3, 0, 1);
    assertThrows(IllegalArgumentException.class, () -> Kid.of(a, normal(9, 4, 0, 1)));
    assertThrows(IllegalArgumentException.class, () -> Kid.paired(a, normal(9, 4, 0, 1)));
    assertThrows(IllegalArgumentException.class, () -> Kid.of(a, normal(1, 3, 0, 1)));
  }
}
