package io.scalekv.metrics;

import io.scalekv.io.Require;
import java.util.Locale;

/** Checks and sums shared by the distances of feature sets [N][C], one row per sample. */
final class FeatureSets {
  private FeatureSets() {}

  /**
   * Returns the width C of a set.
   *
   * @throws IllegalArgumentException if there are fewer rows than {@code atLeast}, rows of several
   *     lengths, or values that are not finite
   */
  static int width(String metric, double[][] rows, int atLeast) {
    Require.that(
        rows.length >= atLeast,
        "%s needs at least %s samples, got %s",
        metric,
        atLeast,
        rows.length);
    int width = rows[0].length;
    Require.that(width != 0, "%s needs at least 1 feature per sample, got none", metric);
    for (int i = 0; i < rows.length; i++) {
      Require.that(
          rows[i].length == width,
          "%s: sample %d must have %d features, got %d",
          metric,
          i,
          width,
          rows[i].length);
      for (int c = 0; c < width; c++) {
        if (!Double.isFinite(rows[i][c])) {
          throw new IllegalArgumentException(
              String.format(
                  Locale.ROOT,
                  "%s: sample %d, feature %d must be finite, got %s",
                  metric,
                  i,
                  c,
                  rows[i][c]));
        }
      }
    }
    return width;
  }

  /** Returns the common width C of two sets, each checked as by {@link #width}. */
  static int width(String metric, double[][] a, double[][] b, int atLeast) {
    int width = width(metric, a, atLeast);
    int other = width(metric, b, atLeast);
    Require.that(
        width == other, "%s: sets must have one width, got %s and %s", metric, width, other);
    return width;
  }

  /** Returns the mean row of a checked set. */
  static double[] mean(double[][] rows) {
    double[] mean = new double[rows[0].length];
    for (double[] row : rows) {
      for (int c = 0; c < mean.length; c++) {
        mean[c] += row[c];
      }
    }
    for (int c = 0; c < mean.length; c++) {
      mean[c] /= rows.length;
    }
    return mean;
  }

  /** Returns the rows of a checked set less their mean. */
  static double[][] centred(double[][] rows) {
    double[] mean = mean(rows);
    double[][] centred = new double[rows.length][mean.length];
    for (int i = 0; i < rows.length; i++) {
      for (int c = 0; c < mean.length; c++) {
        centred[i][c] = rows[i][c] - mean[c];
      }
    }
    return centred;
  }

  /** Σ x_c y_c; four running sums, so that the additions do not wait for each other. */
  static double dot(double[] x, double[] y) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int c = 0;
    for (; c + 3 < x.length; c += 4) {
      s0 += x[c] * y[c];
      s1 += x[c + 1] * y[c + 1];
      s2 += x[c + 2] * y[c + 2];
      s3 += x[c + 3] * y[c + 3];
    }
    for (; c < x.length; c++) {
      s0 += x[c] * y[c];
    }
    return s0 + s1 + (s2 + s3);
  }

  /** Σ (x_c − y_c)². */
  static double squaredDistance(double[] x, double[] y) {
    double sum = 0;
    for (int c = 0; c < x.length; c++) {
      sum += (x[c] - y[c]) * (x[c] - y[c]);
    }
    return sum;
  }
}
