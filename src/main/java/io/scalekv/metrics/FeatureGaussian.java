package io.scalekv.metrics;

import io.scalekv.io.Require;

/**
 * Mean µ [C] and covariance Σ [C][C] of a set of features. The arrays are not copied and must not
 * be changed.
 *
 * @param mean µ, finite
 * @param covariance Σ, finite and symmetric up to 1e-9 of its largest entry
 */
public record FeatureGaussian(double[] mean, double[][] covariance) {
  private static final double SYMMETRY = 1e-9;

  public FeatureGaussian {
    FeatureSets.width("gaussian: mean", new double[][] {mean}, 1);
    int width = FeatureSets.width("gaussian: covariance", covariance, 1);
    Require.that(
        width == mean.length && covariance.length == mean.length,
        "covariance must be [%d][%d], got [%d][%d]",
        mean.length,
        mean.length,
        covariance.length,
        width);
    double largest = 0;
    double skew = 0;
    for (int i = 0; i < width; i++) {
      for (int j = 0; j <= i; j++) {
        largest = Math.max(largest, Math.abs(covariance[i][j]));
        skew = Math.max(skew, Math.abs(covariance[i][j] - covariance[j][i]));
      }
    }
    Require.that(
        skew <= SYMMETRY * largest,
        "covariance must be symmetric, got entries that differ by %s",
        skew);
  }

  /**
   * Returns µ and Σ of features [N][C]: Σ = Σ_i (x_i − µ)(x_i − µ)ᵀ / (N − 1).
   *
   * @throws IllegalArgumentException for fewer than 2 samples, ragged rows or values that are not
   *     finite
   */
  public static FeatureGaussian of(double[][] features) {
    int width = FeatureSets.width("gaussian", features, 2);
    double[][] covariance = new double[width][width];
    for (double[] x : FeatureSets.centred(features)) {
      for (int i = 0; i < width; i++) {
        for (int j = 0; j <= i; j++) {
          covariance[i][j] += x[i] * x[j];
        }
      }
    }
    for (int i = 0; i < width; i++) {
      for (int j = 0; j <= i; j++) {
        covariance[i][j] /= features.length - 1;
        covariance[j][i] = covariance[i][j];
      }
    }
    return new FeatureGaussian(FeatureSets.mean(features), covariance);
  }
}
