package io.scalekv.metrics;

/**
 * Kernel distance of two feature sets A [N][C] and B [M][C]: the unbiased estimate of the squared
 * maximum mean discrepancy with the kernel k(x, y) = (x·y / C + 1)³.
 *
 * <pre>  mean_{i≠j} k(a_i, a_j) + mean_{i≠j} k(b_i, b_j) − 2 mean_{i,j} k(a_i, b_j)</pre>
 *
 * <p>Dimensionless. An unbiased estimate is often negative for sets of one distribution; it is
 * never cut off at 0.
 *
 * <p>This holds for independent sets. Where row i of A and row i of B show the same prompt and
 * seed, the N pairs (i, i) are alike and lower the estimate: equal sets give −2/N · (mean k(a_i,
 * a_i) − mean_{i≠j} k(a_i, a_j)), not 0. The paired estimate leaves them out of the last mean; it
 * is unbiased for paired sets and exactly 0 for equal ones.
 *
 * <p>Bińkowski, Sutherland, Arbel and Gretton, Demystifying MMD GANs (2018); the paired form:
 * Gretton et al., A kernel two-sample test (2012), eq. 4.
 */
public final class Kid {
  /** KID as a metric of sets. */
  public static final SetMetric METRIC =
      new SetMetric("kid", "kid", 6, Metric.Net.FEATURES, Kid::of);

  /** The paired estimate as a metric of sets. */
  public static final SetMetric PAIRED_METRIC =
      new SetMetric("kid-paired", "kid_paired", 6, Metric.Net.FEATURES, Kid::paired);

  private Kid() {}

  /**
   * Returns the estimate of the full sets, in time (N² + M² + N·M)·C.
   *
   * @throws IllegalArgumentException for fewer than 2 samples in a set, ragged rows, two widths, or
   *     values that are not finite
   */
  public static double of(double[][] a, double[][] b) {
    FeatureSets.width("kid", a, b, 2);
    return within(a) + within(b) - 2 * across(a, b);
  }

  /**
   * Returns the estimate of paired sets: the last mean goes over i ≠ j.
   *
   * @throws IllegalArgumentException as {@link #of}, or if the sets differ in size
   */
  public static double paired(double[][] a, double[][] b) {
    FeatureSets.width("kid", a, b, 2);
    Sizes.sameLength("kid: paired samples", a.length, b.length);
    double sum = 0;
    for (int i = 1; i < a.length; i++) {
      for (int j = 0; j < i; j++) {
        sum += kernel(a[i], a[j]) + kernel(b[i], b[j]) - kernel(a[i], b[j]) - kernel(a[j], b[i]);
      }
    }
    return 2 * sum / ((double) a.length * (a.length - 1));
  }

  private static double within(double[][] x) {
    double sum = 0;
    for (int i = 1; i < x.length; i++) {
      for (int j = 0; j < i; j++) {
        sum += kernel(x[i], x[j]);
      }
    }
    return 2 * sum / ((double) x.length * (x.length - 1));
  }

  private static double across(double[][] x, double[][] y) {
    double sum = 0;
    for (double[] a : x) {
      for (double[] b : y) {
        sum += kernel(a, b);
      }
    }
    return sum / ((double) x.length * y.length);
  }

  private static double kernel(double[] x, double[] y) {
    double v = FeatureSets.dot(x, y) / x.length + 1;
    return v * v * v;
  }
}
