package io.scalekv.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.NonPositiveDefiniteMatrixException;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.RectangularCholeskyDecomposition;

/**
 * Fréchet distance of the Gaussians of two feature sets A [N][C] and B [M][C]:
 *
 * <pre>  d² = |µ_A − µ_B|² + tr Σ_A + tr Σ_B − 2 tr (Σ_A Σ_B)^½</pre>
 *
 * <p>in the squared unit of the features; covariances divide by N − 1. For L_A L_Aᵀ = Σ_A and L_B
 * L_Bᵀ = Σ_B the trace of the root is the nuclear norm (sum of singular values) of L_Aᵀ L_B, which
 * needs no root of a rounded product. Rounding below 0 is returned as 0.
 *
 * <p>Dowson and Landau, The Fréchet distance between multivariate normal distributions (1982);
 * Heusel et al., GANs trained by a two time-scale update rule (2017), where the features are those
 * of Inception and the distance is called FID.
 */
public final class Frechet {
  /** Number that fixes the projection of features to fewer dimensions. */
  private static final long PROJECTION_SEED = 0;

  /** Fréchet distance of projected features as a metric of sets. */
  public static final SetMetric METRIC =
      new SetMetric("frechet", "frechet", 4, Metric.Net.FEATURES, Frechet::projected);

  /** Variance left over that counts as none, relative to the largest. */
  private static final double ROUNDING = 1e-14;

  private Frechet() {}

  /** Returns the distance after projection to at most N/10 dimensions. */
  private static double projected(double[][] a, double[][] b) {
    FeatureProjection projection =
        FeatureProjection.forSamples(a[0].length, a.length, PROJECTION_SEED);
    return of(projection.project(a), projection.project(b));
  }

  /**
   * Returns the distance by the cheaper way: {@link #byCovariance} if C is smaller than N and M,
   * {@link #byNuclearNorm} otherwise.
   *
   * @throws IllegalArgumentException for fewer than 2 samples in a set, ragged rows, two widths, or
   *     values that are not finite
   */
  public static double of(double[][] a, double[][] b) {
    int width = FeatureSets.width("frechet", a, b, 2);
    return width < Math.min(a.length, b.length) ? byCovariance(a, b) : byNuclearNorm(a, b);
  }

  /**
   * Returns the distance through the two C×C covariances: time N·C² + C³. Errors as {@link #of}.
   */
  public static double byCovariance(double[][] a, double[][] b) {
    FeatureSets.width("frechet", a, b, 2);
    return between(FeatureGaussian.of(a), FeatureGaussian.of(b));
  }

  /**
   * Returns the distance through A_c B_cᵀ / √((N − 1)(M − 1)), N×M, with A_c and B_c the centred
   * sets: time N·M·C + N·M·min(N, M), no C×C matrix. Errors as {@link #of}.
   */
  public static double byNuclearNorm(double[][] a, double[][] b) {
    FeatureSets.width("frechet", a, b, 2);
    double[][] x = FeatureSets.centred(a);
    double[][] y = FeatureSets.centred(b);
    double scale = Math.sqrt((a.length - 1.0) * (b.length - 1.0));
    double[][] cross = new double[x.length][y.length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < y.length; j++) {
        cross[i][j] = FeatureSets.dot(x[i], y[j]) / scale;
      }
    }
    double traces = squares(x) / (a.length - 1) + squares(y) / (b.length - 1);
    return distance(meanTerm(a, b), traces, cross);
  }

  /**
   * Returns the distance of two Gaussians.
   *
   * @throws IllegalArgumentException if the widths differ or a covariance has a negative eigenvalue
   *     beyond rounding
   */
  public static double between(FeatureGaussian a, FeatureGaussian b) {
    Require.that(
        a.mean().length == b.mean().length,
        "frechet: gaussians must have one width, got %s and %s",
        a.mean().length,
        b.mean().length);
    double traces = 0;
    for (int c = 0; c < a.mean().length; c++) {
      traces += a.covariance()[c][c] + b.covariance()[c][c];
    }
    return distance(
        FeatureSets.squaredDistance(a.mean(), b.mean()),
        traces,
        factor(a).transpose().multiply(factor(b)).getData());
  }

  /** |µ_A − µ_B|², the part of the distance that the covariances do not enter. */
  public static double meanTerm(double[][] a, double[][] b) {
    FeatureSets.width("frechet", a, b, 1);
    return FeatureSets.squaredDistance(FeatureSets.mean(a), FeatureSets.mean(b));
  }

  private static double distance(double meanTerm, double traces, double[][] cross) {
    double root = nuclearNorm(cross);
    return Math.max(0, meanTerm + traces - 2 * root);
  }

  /** Returns the sum of the singular values of a matrix [n][m]. */
  private static double nuclearNorm(double[][] matrix) {
    double[] flat = Arrays.stream(matrix).flatMapToDouble(Arrays::stream).toArray();
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDArray x = scope.create(flat, new Shape(matrix.length, matrix[0].length));
      return TorchOps.call("nuclear_norm", x).getDouble(0);
    }
  }

  private static double squares(double[][] rows) {
    double sum = 0;
    for (double[] row : rows) {
      sum += FeatureSets.dot(row, row);
    }
    return sum;
  }

  /** L with L Lᵀ = Σ, by Cholesky's way with pivots; of as many columns as Σ has rank. */
  private static RealMatrix factor(FeatureGaussian g) {
    int width = g.mean().length;
    double[][] symmetric = new double[width][width];
    double largest = 0;
    for (int i = 0; i < width; i++) {
      for (int j = 0; j < width; j++) {
        symmetric[i][j] = (g.covariance()[i][j] + g.covariance()[j][i]) / 2;
        largest = Math.max(largest, Math.abs(symmetric[i][j]));
      }
    }
    if (largest == 0) {
      return new Array2DRowRealMatrix(new double[width][1], false);
    }
    try {
      return new RectangularCholeskyDecomposition(
              new Array2DRowRealMatrix(symmetric, false), ROUNDING * largest)
          .getRootMatrix();
    } catch (NonPositiveDefiniteMatrixException e) {
      throw new IllegalArgumentException("frechet: covariance must have no negative eigenvalue", e);
    }
  }
}
