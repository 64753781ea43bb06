package io.scalekv.metrics;

import static io.scalekv.metrics.FeatureFixtures.noisy;
import static io.scalekv.metrics.FeatureFixtures.normal;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FrechetTest {
  @ParameterizedTest
  @CsvSource({"40,60,5", "30,30,30", "12,50,20", "50,12,20", "9,7,25", "2,2,1", "2,3,6"})
  void bothWaysAgree(int n, int m, int width) {
    for (long seed = 0; seed < 5; seed++) {
      double[][] a = normal(n, width, 0, seed);
      double[][] b = noisy(normal(m, width, 0.5, seed + 100), 1, seed + 200);
      double covariance = Frechet.byCovariance(a, b);
      assertEquals(covariance, Frechet.byNuclearNorm(a, b), 1e-6 * covariance);
      assertEquals(covariance, Frechet.of(a, b), 1e-6 * covariance);
      assertEquals(covariance, Frechet.of(b, a), 1e-6 * covariance);
    }
  }

  /** In one dimension d² = (µ_A − µ_B)² + (σ_A − σ_B)². */
  @Test
  void oneDimension() {
    double[][] a = {{1}, {3}, {5}};
    double[][] b = {{10}, {11}};
    double expected = 7.5 * 7.5 + Math.pow(2 - Math.sqrt(0.5), 2);
    assertEquals(expected, Frechet.byCovariance(a, b), 1e-12);
    assertEquals(expected, Frechet.byNuclearNorm(a, b), 1e-12);
    assertEquals(56.25, Frechet.meanTerm(a, b), 1e-12);
  }

  @Test
  void equalSetsAndShiftedSets() {
    double[][] a = normal(20, 50, 0, 3);
    assertEquals(0, Frechet.of(a, a), 1e-10);
    double[][] shifted = new double[20][50];
    for (int i = 0; i < 20; i++) {
      for (int c = 0; c < 50; c++) {
        shifted[i][c] = a[i][c] + 0.2;
      }
    }
    assertEquals(50 * 0.04, Frechet.of(a, shifted), 1e-10);
    double[][] constant = new double[4][3];
    assertEquals(0, Frechet.byCovariance(constant, constant));
    assertEquals(0, Frechet.byNuclearNorm(constant, constant));
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 200})
  void growsWithNoise(int width) {
    double[][] clean = normal(80, width, 0, 11);
    double last = 0;
    for (double deviation : new double[] {0.1, 0.25, 0.5, 1, 2}) {
      double d = Frechet.of(clean, noisy(clean, deviation, 12));
      assertTrue(d > last, "noise " + deviation + ": " + d + " after " + last);
      last = d;
    }
  }

  /**
   * Far more features than samples: only the N×M matrix is affordable. Features repeated 128 times,
   * divided by √128, have the distances of the single ones.
   */
  @Test
  void wideFeatures() {
    double[][] a = normal(300, 16, 0, 21);
    double[][] b = normal(300, 16, 0.1, 22);
    double expected = Frechet.byCovariance(a, b);
    assertEquals(expected, Frechet.of(repeated(a, 128), repeated(b, 128)), 1e-9 * expected);
  }

  private static double[][] repeated(double[][] rows, int times) {
    int width = rows[0].length;
    double[][] wide = new double[rows.length][width * times];
    for (int i = 0; i < rows.length; i++) {
      for (int c = 0; c < wide[i].length; c++) {
        wide[i][c] = rows[i][c % width] / Math.sqrt(times);
      }
    }
    return wide;
  }

  @Test
  void clearErrors() {
    double[][] two = {{1, 2}, {3, 5}};
    assertRefused("got 1", () -> Frechet.of(new double[][] {{1, 2}}, two));
    assertRefused("got 2 and 1", () -> Frechet.of(two, new double[][] {{1}, {2}}));
    assertRefused("got 1", () -> Frechet.of(two, new double[][] {{1, 2}, {2}}));
    assertRefused("got NaN", () -> Frechet.of(two, new double[][] {{1, Double.NaN}, {2, 2}}));
    assertEquals(2, FeatureSets.width("frechet", two, new double[1][2], 1));
    assertRefused("", () -> Frechet.of(new double[2][0], new double[2][0]));
    assertRefused(
        "got 2 and 1",
        () -> Frechet.between(FeatureGaussian.of(two), FeatureGaussian.of(new double[2][1])));
    assertRefused("got [2][2]", () -> new FeatureGaussian(new double[3], new double[2][2]));
    assertRefused("got [1][2]", () -> new FeatureGaussian(new double[2], new double[][] {{1, 0}}));
    assertRefused(
        "got entries that differ by 1.0",
        () -> new FeatureGaussian(new double[2], new double[][] {{1, 0}, {1, 1}}));
    FeatureGaussian negative = new FeatureGaussian(new double[2], new double[][] {{1, 0}, {0, -1}});
    assertRefused("negative eigenvalue", () -> Frechet.between(negative, negative));
  }

  private static void assertRefused(String value, org.junit.jupiter.api.function.Executable call) {
    String said = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(said.contains(value), said);
  }

  @Test
  void symmetryUpToRounding() {
    double[] mean = {0, 0};
    assertRefused(
        "got entries that differ by 2.0E-9",
        () -> new FeatureGaussian(mean, new double[][] {{1, 0}, {2e-9, 1}}));
    FeatureGaussian nearly = new FeatureGaussian(mean, new double[][] {{1, 0}, {1e-9, 1}});
    FeatureGaussian unit = new FeatureGaussian(mean, new double[][] {{1, 0}, {0, 1}});
    assertEquals(0, Frechet.between(nearly, unit), 1e-8);
    // what counts is the largest entry
    FeatureGaussian large = new FeatureGaussian(mean, new double[][] {{1, 0}, {2e-9, -4}});
    assertEquals(-4, large.covariance()[1][1]);
  }

  /** µ and Σ of three points in the plane, by hand. */
  @Test
  void gaussianOfPoints() {
    FeatureGaussian g = FeatureGaussian.of(new double[][] {{1, 2}, {3, 8}, {5, -1}});
    assertArrayEquals(new double[] {3, 3}, g.mean());
    assertArrayEquals(new double[][] {{4, -3}, {-3, 21}}, g.covariance());
  }

  /** Diagonal covariances: |µ_A − µ_B|² + Σ (σ_A − σ_B)², also where a variance is 0. */
  @Test
  void diagonalGaussians() {
    FeatureGaussian a =
        new FeatureGaussian(
            new double[] {1, 2, 3}, new double[][] {{4, 0, 0}, {0, 9, 0}, {0, 0, 0}});
    FeatureGaussian b =
        new FeatureGaussian(
            new double[] {0, 0, 5}, new double[][] {{1, 0, 0}, {0, 0, 0}, {0, 0, 16}});
    assertEquals(9 + 1 + 9 + 16, Frechet.between(a, b), 1e-12);
    FeatureGaussian none = new FeatureGaussian(new double[3], new double[3][3]);
    assertEquals(14 + 13, Frechet.between(a, none), 1e-12);
    assertEquals(14 + 13, Frechet.between(none, a), 1e-12);
  }
}
