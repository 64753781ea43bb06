package io.scalekv.metrics;

import static io.scalekv.metrics.FeatureFixtures.noisy;
import static io.scalekv.metrics.FeatureFixtures.normal;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FeatureProjectionTest {
  @ParameterizedTest
  @CsvSource({"64,100,10", "64,109,10", "5,100,5", "7,10,1"})
  void atMostATenthOfTheSamples(int width, int samples, int expected) {
    FeatureProjection p = FeatureProjection.forSamples(width, samples, 3);
    assertEquals(width, p.width());
    assertEquals(expected, p.rows().length);
  }

  @ParameterizedTest
  @CsvSource({"20,7", "40,39", "6,6", "3,1"})
  void rowsAreOrthonormal(int width, int projectedWidth) {
    double[][] unit = new double[width][width];
    for (int c = 0; c < width; c++) {
      unit[c][c] = 1;
    }
    double[][] columns = FeatureProjection.of(width, projectedWidth, 8).project(unit);
    for (int i = 0; i < projectedWidth; i++) {
      for (int j = 0; j < projectedWidth; j++) {
        double dot = 0;
        for (double[] column : columns) {
          dot += column[i] * column[j];
        }
        assertEquals(i == j ? 1 : 0, dot, 1e-14);
      }
    }
  }

  @Test
  void sameSeedSameProjection() {
    double[][] x = normal(4, 30, 0, 1);
    double[][] first = FeatureProjection.of(30, 5, 9).project(x);
    assertArrayEquals(first, FeatureProjection.of(30, 5, 9).project(x));
    assertFalse(Arrays.deepEquals(first, FeatureProjection.of(30, 5, 10).project(x)));
  }

  /** A mean term never grows, and the distance stays monotone in the noise. */
  @Test
  void distancesShrink() {
    double[][] clean = normal(120, 60, 0, 31);
    FeatureProjection p = FeatureProjection.forSamples(60, 120, 5);
    double last = 0;
    for (double deviation : new double[] {0.25, 0.5, 1, 2}) {
      double[][] noisy = noisy(clean, deviation, 32);
      assertTrue(
          Frechet.meanTerm(p.project(clean), p.project(noisy)) <= Frechet.meanTerm(clean, noisy));
      double d = Frechet.of(p.project(clean), p.project(noisy));
      assertTrue(d > last && d < Frechet.of(clean, noisy));
      last = d;
    }
  }

  @Test
  void clearErrors() {
    assertThrows(IllegalArgumentException.class, () -> FeatureProjection.forSamples(8, 9, 1));
    for (int wrong : new int[] {0, 9}) {
      assertThrows(IllegalArgumentException.class, () -> FeatureProjection.of(8, wrong, 1));
    }
    FeatureProjection p = FeatureProjection.of(8, 2, 1);
    assertThrows(IllegalArgumentException.class, () -> p.project(new double[3][7]));
  }

  @Test
  void ofTheWholeWidthIsTheIdentity() {
    double[][] x = normal(3, 6, 0, 4);
    assertArrayEquals(x, FeatureProjection.of(6, 6, 8).project(x));
    assertFalse(Arrays.deepEquals(x, FeatureProjection.of(6, 5, 8).project(x)));
  }

  /** The first direction is the stated normal draws, made one long. */
  @Test
  void directionsFollowTheSeed() {
    SplittableRandom random = new SplittableRandom(8);
    double[] first = new double[5];
    Arrays.setAll(first, c -> random.nextGaussian());
    double length = Math.sqrt(Arrays.stream(first).map(v -> v * v).sum());
    double[][] got =
        FeatureProjection.of(5, 2, 8).project(new double[][] {{1, 0, 0, 0, 0}, {0, 0, 0, 0, 1}});
    assertEquals(first[0] / length, got[0][0], 1e-15);
    assertEquals(first[4] / length, got[1][0], 1e-15);
  }
}
