package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
    return new Random(seed).ints(n, -range, range + 2).asDoubleStream().toArray();
  }

  /** Ties and zeros, against every pattern of signs. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void exactAgainstEnumeration(long seed) {
    double[] differences = whole(11, (int) seed, seed);
    double[] d = Arrays.stream(differences).filter(v -> v != 0).toArray();
    double[] ranks = Wilcoxon.ranks(d);
    double observed = 0;
    for (int i = 0; i < d.length; i++) {
      observed += d[i] > 0 ? ranks[i] : 0;
    }
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
    Result r = Wilcoxon.test(differences);
    assertEquals(Math.min(1, 2 * Math.min(greater, less) / patterns), r.p(), 1e-14);
    assertEquals(observed, r.wPlus());
    assertEquals(d.length, r.n());
  }

  /** Without ties the library is asked; the way for ties gives the same. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 23, 50, 200})
  void bothExactWaysAgree(int n) {
    double[] d = new Random(n).doubles(n, -1, 1.2).toArray();
    Result library = Wilcoxon.test(d, true);
    Result ours = Wilcoxon.exact(d, Wilcoxon.ranks(d));
    assertEquals(library.wPlus(), ours.wPlus());
    assertEquals(library.p(), ours.p(), 1e-12);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void negatedDifferencesHaveTheSamePValue(long seed) {
    double[] d = whole(40, 6, seed);
    double[] negated = Arrays.stream(d).map(v -> -v).toArray();
    for (boolean exact : new boolean[] {true, false}) {
      assertEquals(Wilcoxon.test(d, exact).p(), Wilcoxon.test(negated, exact).p(), 1e-12);
    }
    assertEquals(Wilcoxon.test(d, true).p(), Wilcoxon.test(d, false).p(), 0.01);
  }

  @Test
  void exactUpToFifty() {
    double[] d = new Random(3).doubles(51, -1, 1).toArray();
    assertEquals(Wilcoxon.test(d, false), Wilcoxon.test(d));
    d[7] = 0;
    assertEquals(Wilcoxon.test(d, true), Wilcoxon.test(d));
    assertEquals(50, Wilcoxon.test(d).n());
  }

  @Test
  void infiniteDifferencesRankHighest() {
    double[] d =
        Wilcoxon.differences(new double[] {INF, INF, 3, 30}, new double[] {INF, 20, 4, 28});
    assertArrayEquals(new double[] {0, INF, -1, 2}, d);
    Result r = Wilcoxon.test(d);
    assertEquals(5, r.wPlus());
    assertEquals(4 / 8.0, r.p(), 1e-15);
    assertEquals(5, Wilcoxon.test(new double[] {INF, INF, -1}, false).wPlus());
  }

  @Test
  void nothingButZeros() {
    assertEquals(new Result(0, 1, 0), Wilcoxon.test(new double[3]));
  }

  @Test
  void undefinedDifferencesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Wilcoxon.test());
    assertThrows(IllegalArgumentException.class, () -> Wilcoxon.test(1, Double.NaN));
    assertThrows(
        IllegalArgumentException.class, () -> Wilcoxon.differences(new double[1], new double[2]));
  }

  /** By hand: ranks 2, 2, 2, 4 and W⁺ = 8, with mean 5 and variance 7.5 − (3³ − 3)/48. */
  @Test
  void normalWithTies() {
    double deviation = Math.sqrt(7.5 - 0.5);
    assertEquals(
        2 * new NormalDistribution().cumulativeProbability(-2.5 / deviation),
        Wilcoxon.test(new double[] {1, 1, -1, 2}, false).p(),
        1e-12);
  }
}
