package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ConcentrationTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 9, 100})
  void ends(int n) {
    double[] uniform = new double[n];
    Arrays.fill(uniform, 1.0 / n);
    double[] one = new double[n];
    one[n / 2] = 1;
    assertEquals(n, Concentration.effectiveNumber(uniform), 1e-12 * n);
    assertEquals(1, Concentration.effectiveNumber(one));
    assertEquals(0, Concentration.gini(uniform), 1e-13);
    assertEquals(1 - 1.0 / n, Concentration.gini(one), 1e-15);
    assertEquals(1 - 1.0 / n, Concentration.giniImpurity(uniform), 1e-14);
    assertEquals(0, Concentration.giniImpurity(one));
  }

  /** Half the mean absolute difference of two places, in units of the mean. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void giniIsTheMeanDifference(long seed) {
    double[] x = new Random(seed).doubles(25, 0, 40).map(v -> v < 10 ? 0 : v).toArray();
    double sum = 0;
    for (double a : x) {
      for (double b : x) {
        sum += Math.abs(a - b);
      }
    }
    assertEquals(sum / (2 * 25 * Arrays.stream(x).sum()), Concentration.gini(x), 1e-14);
    assertEquals(
        Concentration.gini(x),
        Concentration.gini(Arrays.stream(x).map(v -> 3 * v).toArray()),
        1e-14);
  }

  @Test
  void degenerate() {
    assertTrue(Double.isNaN(Concentration.gini(0, 0)));
    assertEquals(
        "concentration: probabilities that add up to 1 expected, got 0.75",
        assertThrows(IllegalArgumentException.class, () -> Concentration.entropy(0.5, 0.25))
            .getMessage());
    assertEquals(
        "concentration: probability 1: a finite value of at least 0 expected, got -0.5",
        assertThrows(IllegalArgumentException.class, () -> Concentration.entropy(1.5, -0.5))
            .getMessage());
    assertEquals(
        "concentration: probability: at least 1 expected, got none",
        assertThrows(IllegalArgumentException.class, () -> Concentration.entropy()).getMessage());
    assertThrows(IllegalArgumentException.class, () -> Concentration.giniImpurity(0.5, 0.25));
    assertThrows(IllegalArgumentException.class, () -> Concentration.giniImpurity(1.1));
    assertThrows(IllegalArgumentException.class, () -> Concentration.gini());
    // what rounding may leave
    assertEquals(0, Concentration.entropy(1 + 9e-7), 1e-6);
    assertThrows(IllegalArgumentException.class, () -> Concentration.gini(1, Double.NaN));
    assertThrows(
        IllegalArgumentException.class, () -> Concentration.gini(1, Double.POSITIVE_INFINITY));
  }

  @Test
  void halves() {
    assertEquals(1.5 * Math.log(2), Concentration.entropy(0.5, 0, 0.25, 0.25), 1e-15);
    assertEquals(Math.pow(2, 1.5), Concentration.effectiveNumber(0.5, 0, 0.25, 0.25), 1e-14);
    assertEquals(1 - 0.375, Concentration.giniImpurity(0.5, 0, 0.25, 0.25), 1e-15);
    assertEquals(0.375, Concentration.gini(2, 0, 1, 1), 1e-15);
  }
}
