package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.scalekv.metrics.Wilcoxon.Alternative;
import io.scalekv.metrics.Wilcoxon.Method;
import io.scalekv.metrics.Wilcoxon.Result;
import java.util.Arrays;
import java.util.Random;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WilcoxonTest {
  private static final double INF = Double.POSITIVE_INFINITY;

  private static double[] whole(int n, int range, long seed) {
    Random random = new Random(seed);
    return random.ints(n, -range, range + 2).asDoubleStream().toArray();
  }

  /** Ties and zeros, against every pattern of signs. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void exactAgainstEnumeration(long seed) {
    double[] differences = whole(11, (int) seed, seed);
    double[] d = Arrays.stream(differences).filter(v -> v != 0).toArray();
    double[] ranks = Wilcoxon.ranks(d);
    double observed = sumOfPositive(d, ranks);
    int greater = 0;
    int less = 0;
    for (int signs = 0; signs < 1 << d.length; signs++) {
      double w = 0;
      for (int i = 0; i < d.length; i++) {
        w += (signs >> i & 1) == 1 ? ranks[i] : 0;
      }
      greater += w >= observed ? 1 : 0;
      less += w <= observed ? 1 : 0;
    }
    double patterns = 1 << d.length;
    Result r = Wilcoxon.test(differences, Alternative.GREATER);
    assertEquals(greater / patterns, r.p(), 1e-14);
    assertEquals(observed, r.wPlus());
    assertEquals(11 - d.length, r.zeros());
    assertEquals(less / patterns, Wilcoxon.test(differences, Alternative.LESS).p(), 1e-14);
    assertEquals(
        Math.min(1, 2 * Math.min(greater, less) / patterns),
        Wilcoxon.test(differences, Alternative.TWO_SIDED).p(),
        1e-14);
  }

  private static double sumOfPositive(double[] d, double[] ranks) {
    double w = 0;
    for (int i = 0; i < d.length; i++) {
      w += d[i] > 0 ? ranks[i] : 0;
    }
    return w;
  }

  /** Without ties the library is asked; the way for ties gives the same. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 23, 50, 200})
  void bothExactWaysAgree(int n) {
    Random random = new Random(n);
    double[] d = random.doubles(n, -1, 1.2).toArray();
    for (Alternative a : Alternative.values()) {
      Result library = Wilcoxon.test(d, a, Method.EXACT);
      Result ours = Wilcoxon.exact(d, Wilcoxon.ranks(d), 0, a);
      assertEquals(library.wPlus(), ours.wPlus());
      assertEquals(library.p(), ours.p(), 1e-12);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void negatedDifferencesSwapTheSides(long seed) {
    double[] d = whole(40, 6, seed);
    double[] negated = Arrays.stream(d).map(v -> -v).toArray();
    for (Method m : Method.values()) {
      assertEquals(
          Wilcoxon.test(d, Alternative.GREATER, m).p(),
          Wilcoxon.test(negated, Alternative.LESS, m).p(),
          1e-12);
      assertEquals(
          Wilcoxon.test(d, Alternative.TWO_SIDED, m).p(),
          Wilcoxon.test(negated, Alternative.TWO_SIDED, m).p(),
          1e-12);
    }
    double exact = Wilcoxon.test(d, Alternative.TWO_SIDED, Method.EXACT).p();
    assertEquals(exact, Wilcoxon.test(d, Alternative.TWO_SIDED, Method.NORMAL).p(), 0.02);
    assertEquals(exact, Wilcoxon.test(d, Alternative.TWO_SIDED, Method.NORMAL_CORRECTED).p(), 0.01);
  }

  @Test
  void methodByNumber() {
    double[] d = new Random(3).doubles(51, -1, 1).toArray();
    assertEquals(Method.NORMAL_CORRECTED, Wilcoxon.test(d, Alternative.LESS).method());
    d[7] = 0;
    Result r = Wilcoxon.test(d, Alternative.LESS);
    assertEquals(Method.EXACT, r.method());
    assertEquals(50, r.n());
    assertEquals(1, r.zeros());
  }

  @Test
  void infiniteDifferencesRankHighest() {
    double[] d =
        Wilcoxon.differences(new double[] {INF, INF, 3, 30}, new double[] {INF, 20, 4, 28});
    assertArrayEquals(new double[] {0, INF, -1, 2}, d);
    Result r = Wilcoxon.test(d, Alternative.GREATER);
    assertEquals(5, r.wPlus());
    assertEquals(2 / 8.0, r.p(), 1e-15);
    double[] two = {INF, INF, -1};
    assertEquals(5, Wilcoxon.test(two, Alternative.GREATER).wPlus());
    assertEquals(5, Wilcoxon.test(two, Alternative.GREATER, Method.NORMAL).wPlus());
  }

  @Test
  void nothingButZeros() {
    for (Method m : Method.values()) {
      assertEquals(
          new Result(0, 1, 0, 3, m), Wilcoxon.test(new double[3], Alternative.TWO_SIDED, m));
    }
  }

  @Test
  void clearErrors() {
    assertEquals(
        "wilcoxon: at least 1 difference expected, got none",
        assertThrows(
                IllegalArgumentException.class,
                () -> Wilcoxon.test(new double[0], Alternative.LESS))
            .getMessage());
    assertEquals(
        "wilcoxon: difference 1: a number expected, got NaN",
        assertThrows(
                IllegalArgumentException.class,
                () -> Wilcoxon.test(new double[] {1, Double.NaN}, Alternative.LESS))
            .getMessage());
    double[] many = new Random(3).doubles(1001).toArray();
    assertEquals(
        "wilcoxon: at most 1000 differences expected for an exact p-value, got 1001",
        assertThrows(
                IllegalArgumentException.class,
                () -> Wilcoxon.test(many, Alternative.LESS, Method.EXACT))
            .getMessage());
    assertEquals(
        "wilcoxon: equal numbers expected, got 1 and 2",
        assertThrows(
                IllegalArgumentException.class,
                () -> Wilcoxon.differences(new double[1], new double[2]))
            .getMessage());
  }

  /** By hand: ranks 1½, 1½, 3½, 3½ and W⁺ = 5, with mean 5 and variance 7.5 − 2·6/48. */
  @Test
  void normalWithTies() {
    double[] d = {1, -1, 2, -2};
    double deviation = Math.sqrt(7.5 - 0.25);
    assertEquals(1, Wilcoxon.test(d, Alternative.TWO_SIDED, Method.NORMAL).p(), 1e-12);
    assertEquals(0.5, Wilcoxon.test(d, Alternative.LESS, Method.NORMAL).p(), 1e-12);
    double[] up = {1, 1, 2, -2};
    NormalDistribution normal = new NormalDistribution();
    assertEquals(
        normal.cumulativeProbability(-1.5 / deviation),
        Wilcoxon.test(up, Alternative.GREATER, Method.NORMAL).p(),
        1e-12);
    assertEquals(
        normal.cumulativeProbability(-1 / deviation),
        Wilcoxon.test(up, Alternative.GREATER, Method.NORMAL_CORRECTED).p(),
        1e-12);
  }

  /** By hand: two zeros take ranks 1 and 2, so the others have 3½ twice and 6 three times. */
  @Test
  void prattRanksTheZeros() {
    double[] d = {0, 1, 4, 0, -1, 4, -4};
    double mean = 7 * 8 / 4.0 - 2 * 3 / 4.0;
    double variance = 7 * 8 * 15 / 24.0 - 2 * 3 * 5 / 24.0 - (6 + 24) / 48.0;
    double standard = (15.5 - mean) / Math.sqrt(variance);
    NormalDistribution normal = new NormalDistribution();
    Result r = Wilcoxon.test(d, Alternative.GREATER, Method.PRATT);
    assertEquals(15.5, r.wPlus());
    assertEquals(5, r.n());
    assertEquals(2, r.zeros());
    assertEquals(Method.PRATT, r.method());
    assertEquals(normal.cumulativeProbability(-standard), r.p(), 1e-12);
    assertEquals(
        normal.cumulativeProbability(standard),
        Wilcoxon.test(d, Alternative.LESS, Method.PRATT).p(),
        1e-12);
    assertEquals(
        2 * normal.cumulativeProbability(-standard),
        Wilcoxon.test(d, Alternative.TWO_SIDED, Method.PRATT).p(),
        1e-12);
  }

  @Test
  void aThousandAreStillExact() {
    double[] d = new Random(3).doubles(1000, -1, 1.1).toArray();
    Result r = Wilcoxon.test(d, Alternative.GREATER, Method.EXACT);
    assertEquals(1000, r.n());
    assertEquals(Method.EXACT, r.method());
    assertEquals(Wilcoxon.test(d, Alternative.GREATER).p(), r.p(), 1e-4);
  }
}
