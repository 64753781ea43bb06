package io.scalekv.metrics;

import static io.scalekv.metrics.FeatureFixtures.noisy;
import static io.scalekv.metrics.FeatureFixtures.normal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
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
    Kid.OverSubsets equal = Kid.pairedOverSubsets(a, a, 10, 5, 2);
    assertEquals(new Kid.OverSubsets(0, 0, 5, 10), equal);
    Kid.OverSubsets k = Kid.pairedOverSubsets(a, b, 12, 200, 2);
    assertEquals(Kid.paired(a, b), k.mean(), 4 * k.standardDeviation() / Math.sqrt(200));
    assertThrows(IllegalArgumentException.class, () -> Kid.paired(a, normal(24, 6, 0, 1)));
  }

  @Test
  void subsets() {
    double[][] a = normal(90, 8, 0, 1);
    double[][] b = normal(70, 8, 0.5, 2);
    Kid.OverSubsets k = Kid.overSubsets(a, b, 30, 100, 3);
    assertEquals(k, Kid.overSubsets(a, b, 30, 100, 3));
    assertNotEquals(k, Kid.overSubsets(a, b, 30, 100, 4));
    double error = k.standardDeviation() / Math.sqrt(100);
    assertTrue(error > 0 && Math.abs(k.mean() - Kid.of(a, b)) < 4 * error, k.toString());
    // a subset of everything is the whole, in any order
    Kid.OverSubsets whole = Kid.overSubsets(a, Arrays.copyOf(a, 90), 90, 3, 5);
    assertEquals(Kid.of(a, a), whole.mean(), 1e-12);
    assertEquals(0, whole.standardDeviation(), 1e-12);
  }

  private static void assertTells(String message, Executable wrong) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, wrong).getMessage());
  }

  @Test
  void clearErrors() {
    double[][] a = normal(9, 3, 0, 1);
    double[][] b = normal(7, 3, 0, 2);
    assertTells("kid: a subset size in 2..7 expected, got 8", () -> Kid.overSubsets(a, b, 8, 1, 0));
    assertTells("kid: a subset size in 2..7 expected, got 1", () -> Kid.overSubsets(a, b, 1, 1, 0));
    assertTells("kid: at least 1 subset expected, got 0", () -> Kid.overSubsets(a, b, 3, 0, 0));
    double[][] wide = normal(9, 4, 0, 3);
    String widths = "kid: sets of one width expected, got 3 and 4";
    assertTells(widths, () -> Kid.of(a, wide));
    assertTells(widths, () -> Kid.paired(a, wide));
    assertTells(widths, () -> Kid.overSubsets(a, wide, 2, 1, 0));
    assertTells(widths, () -> Kid.pairedOverSubsets(a, wide, 2, 1, 0));
    assertTells(
        "kid: paired samples: equal numbers expected, got 9 and 7",
        () -> Kid.pairedOverSubsets(a, b, 2, 1, 0));
    assertTells(
        "kid: a subset size in 2..9 expected, got 10", () -> Kid.pairedOverSubsets(a, a, 10, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> Kid.of(a, Arrays.copyOf(b, 1)));
  }

  /** Subsets are drawn by the first steps of a shuffle, pairs with one seed for both sides. */
  @Test
  void subsetsOfTheSameDraws() {
    double[][] a = normal(9, 3, 0, 1);
    double[][] b = normal(9, 3, 0.2, 2);
    SplittableRandom random = new SplittableRandom(7);
    double[] apart = new double[4];
    double[] paired = new double[4];
    for (int s = 0; s < 4; s++) {
      apart[s] = Kid.of(shuffled(a, random), shuffled(b, random));
    }
    random = new SplittableRandom(7);
    for (int s = 0; s < 4; s++) {
      long seed = random.nextLong();
      paired[s] =
          Kid.paired(
              shuffled(a, new SplittableRandom(seed)), shuffled(b, new SplittableRandom(seed)));
    }
    checkSummary(apart, Kid.overSubsets(a, b, 5, 4, 7));
    checkSummary(paired, Kid.pairedOverSubsets(a, b, 5, 4, 7));
    // the smallest subset, and the largest
    assertEquals(2, Kid.overSubsets(a, b, 2, 1, 0).size());
    assertEquals(Kid.paired(a, b), Kid.pairedOverSubsets(a, b, 9, 1, 0).mean(), 1e-12);
  }

  private static void checkSummary(double[] values, Kid.OverSubsets got) {
    double mean = Arrays.stream(values).average().orElseThrow();
    double square = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    assertEquals(mean, got.mean(), 1e-14);
    assertEquals(Math.sqrt(square), got.standardDeviation(), 1e-14);
    assertEquals(values.length, got.subsets());
    assertEquals(5, got.size());
  }

  /** The first five steps of a Fisher–Yates shuffle. */
  private static double[][] shuffled(double[][] rows, SplittableRandom random) {
    double[][] drawn = rows.clone();
    for (int i = 0; i < 5; i++) {
      int j = i + random.nextInt(rows.length - i);
      double[] row = drawn[j];
      drawn[j] = drawn[i];
      drawn[i] = row;
    }
    return Arrays.copyOf(drawn, 5);
  }
}
