package io.scalekv.report;

import java.util.Arrays;

/**
 * Density of a sample in [0, 1] by Gaussian kernels, mirrored at both ends so that it has an area
 * of 1 there. The width is Silverman's, 0.9 · min(s, IQR / 1.34) · n^(−1/5) (Density Estimation,
 * 1986, eq. 3.31), at least 0.005.
 */
final class KernelDensity {
  private static final double LEAST_WIDTH = 0.005;

  private final double[] sample;
  private final double width;

  private KernelDensity(double[] sample, double width) {
    this.sample = sample;
    this.width = width;
  }

  /**
   * The density of a sample.
   *
   * @throws IllegalArgumentException for an empty sample or a value outside [0, 1]
   */
  static KernelDensity of(double... sample) {
    if (sample.length == 0) {
      throw new IllegalArgumentException("density: at least one value expected, got none");
    }
    double[] sorted = sample.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    if (!(sorted[0] >= 0 && sorted[n - 1] <= 1)) {
      throw new IllegalArgumentException(
          "density: values in 0..1 expected, got " + sorted[0] + " to " + sorted[n - 1]);
    }
    double mean = Arrays.stream(sorted).sum() / n;
    double squares = Arrays.stream(sorted).map(v -> (v - mean) * (v - mean)).sum();
    double deviation = n < 2 ? 0 : Math.sqrt(squares / (n - 1));
    double range = (sorted[(3 * n) / 4 - (n % 4 == 0 ? 1 : 0)] - sorted[n / 4]) / 1.34;
    double spread = range > 0 ? Math.min(deviation, range) : deviation;
    return new KernelDensity(sorted, Math.max(LEAST_WIDTH, 0.9 * spread * Math.pow(n, -0.2)));
  }

  /** The density at x in [0, 1]. */
  double at(double x) {
    double sum = 0;
    for (double v : sample) {
      sum += kernel(x - v) + kernel(x + v) + kernel(x - 2 + v);
    }
    return sum / sample.length;
  }

  private double kernel(double d) {
    double z = d / width;
    return Math.exp(-0.5 * z * z) / (width * Math.sqrt(2 * Math.PI));
  }
}
