package io.scalekv.metrics;

import io.scalekv.io.Require;
import java.util.SplittableRandom;

/**
 * A random orthogonal projection of features from C to D dimensions, the same for the same C, D and
 * seed. Its rows are Gaussian directions made orthonormal, so distances shrink and never grow.
 *
 * <p>A Fréchet distance of N samples is biased upwards, the more so the wider the features. Two
 * sets of N independent normal features each have a distance of 2.5 % of tr Σ_A + tr Σ_B at a width
 * of N/10 (N = 2000), 44 % at 2N (N = 1000) and 68 % at 7N (N = 300); hence D ≤ N/10.
 *
 * <p>Distances of different D cannot be compared with each other.
 *
 * @param width C, the width before
 * @param rows the directions, [D][C]
 */
public record FeatureProjection(int width, double[][] rows) {
  private static final int SAMPLES_PER_FEATURE = 10;

  /**
   * Returns the projection for sets of at least N samples: D = min(C, ⌊N/10⌋); the identity if D =
   * C.
   *
   * @param width C, at least 1
   * @param samples N, the size of the smaller set, at least 10
   * @throws IllegalArgumentException if either is smaller
   */
  public static FeatureProjection forSamples(int width, int samples, long seed) {
    Require.that(
        samples >= SAMPLES_PER_FEATURE,
        "projection needs at least %s samples, got %s",
        SAMPLES_PER_FEATURE,
        samples);
    return of(width, Math.min(width, samples / SAMPLES_PER_FEATURE), seed);
  }

  /**
   * Returns the projection from C to D dimensions; the identity if D = C.
   *
   * @throws IllegalArgumentException unless 1 ≤ D ≤ C
   */
  public static FeatureProjection of(int width, int projectedWidth, long seed) {
    Require.that(
        projectedWidth >= 1 && projectedWidth <= width,
        "projected width must be between 1 and %s, got %s",
        width,
        projectedWidth);
    double[][] rows = new double[projectedWidth][width];
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < projectedWidth; i++) {
      if (projectedWidth == width) {
        rows[i][i] = 1;
      } else {
        draw(rows, i, random);
      }
    }
    return new FeatureProjection(width, rows);
  }

  /** Gram–Schmidt, done twice, which is orthogonal to rounding. */
  private static void draw(double[][] rows, int i, SplittableRandom random) {
    double[] row = rows[i];
    for (int c = 0; c < row.length; c++) {
      row[c] = random.nextGaussian();
    }
    for (int pass = 0; pass < 2; pass++) {
      for (int j = 0; j < i; j++) {
        double along = FeatureSets.dot(row, rows[j]);
        for (int c = 0; c < row.length; c++) {
          row[c] -= along * rows[j][c];
        }
      }
      double length = Math.sqrt(FeatureSets.dot(row, row));
      for (int c = 0; c < row.length; c++) {
        row[c] /= length;
      }
    }
  }

  /**
   * Returns features [N][C] as a new table [N][D].
   *
   * @throws IllegalArgumentException for another width or values that are not finite
   */
  public double[][] project(double[][] features) {
    int got = FeatureSets.width("projection", features, 1);
    Require.that(got == width, "samples must have %s features, got %s", width, got);
    double[][] projected = new double[features.length][rows.length];
    for (int i = 0; i < features.length; i++) {
      for (int j = 0; j < rows.length; j++) {
        projected[i][j] = FeatureSets.dot(features[i], rows[j]);
      }
    }
    return projected;
  }
}
