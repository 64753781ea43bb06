package io.scalekv.metrics;

import java.util.Arrays;
import java.util.SplittableRandom;

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
  private Kid() {}

  /**
   * The estimate over random subsets.
   *
   * @param mean mean of the subsets' estimates
   * @param standardDeviation population standard deviation of the subsets' estimates; not an error
   *     of the mean, since subsets overlap
   * @param subsets how many
   * @param size samples of A and of B in each
   */
  public record OverSubsets(double mean, double standardDeviation, int subsets, int size) {}

  /**
   * The estimate of the full sets, in time (N² + M² + N·M)·C.
   *
   * @throws IllegalArgumentException for fewer than 2 samples in a set, ragged rows, two widths, or
   *     values that are not finite
   */
  public static double of(double[][] a, double[][] b) {
    FeatureSets.width("kid", a, b, 2);
    return within(a) + within(b) - 2 * across(a, b);
  }

  /**
   * The estimate of paired sets: the last mean goes over i ≠ j.
   *
   * @throws IllegalArgumentException as {@link #of}, or if the sets differ in size
   */
  public static double paired(double[][] a, double[][] b) {
    FeatureSets.width("kid", a, b, 2);
    PairedValues.sameLength("kid: paired samples", a.length, b.length);
    double sum = 0;
    for (int i = 1; i < a.length; i++) {
      for (int j = 0; j < i; j++) {
        sum += kernel(a[i], a[j]) + kernel(b[i], b[j]) - kernel(a[i], b[j]) - kernel(a[j], b[i]);
      }
    }
    return 2 * sum / ((double) a.length * (a.length - 1));
  }

  /**
   * Mean and spread of {@link #of} over random subsets, each drawn without replacement from A and
   * from B.
   *
   * @param size samples per subset and set, between 2 and the smaller set's size
   * @param subsets at least 1
   * @throws IllegalArgumentException as {@link #of}, or for a size or number out of range
   */
  public static OverSubsets overSubsets(
      double[][] a, double[][] b, int size, int subsets, long seed) {
    FeatureSets.width("kid", a, b, 2);
    check(Math.min(a.length, b.length), size, subsets);
    SplittableRandom random = new SplittableRandom(seed);
    double[] values = new double[subsets];
    for (int s = 0; s < subsets; s++) {
      values[s] = of(subset(a, size, random), subset(b, size, random));
    }
    return summary(values, size);
  }

  /**
   * Mean and spread of {@link #paired} over random subsets of the pairs. Parameters and errors as
   * {@link #overSubsets}; the sets are of one size.
   */
  public static OverSubsets pairedOverSubsets(
      double[][] a, double[][] b, int size, int subsets, long seed) {
    FeatureSets.width("kid", a, b, 2);
    PairedValues.sameLength("kid: paired samples", a.length, b.length);
    check(a.length, size, subsets);
    SplittableRandom random = new SplittableRandom(seed);
    double[] values = new double[subsets];
    for (int s = 0; s < subsets; s++) {
      long drawn = random.nextLong();
      values[s] =
          paired(
              subset(a, size, new SplittableRandom(drawn)),
              subset(b, size, new SplittableRandom(drawn)));
    }
    return summary(values, size);
  }

  private static void check(int samples, int size, int subsets) {
    if (size < 2 || size > samples) {
      throw new IllegalArgumentException(
          "kid: a subset size in 2.." + samples + " expected, got " + size);
    }
    if (subsets < 1) {
      throw new IllegalArgumentException("kid: at least 1 subset expected, got " + subsets);
    }
  }

  private static OverSubsets summary(double[] values, int size) {
    double mean = Arrays.stream(values).sum() / values.length;
    double variance = 0;
    for (double v : values) {
      variance += (v - mean) * (v - mean) / values.length;
    }
    return new OverSubsets(mean, Math.sqrt(variance), values.length, size);
  }

  /** The first steps of a Fisher–Yates shuffle. */
  private static double[][] subset(double[][] rows, int size, SplittableRandom random) {
    double[][] left = rows.clone();
    double[][] drawn = new double[size][];
    for (int i = 0; i < size; i++) {
      int j = i + random.nextInt(left.length - i);
      drawn[i] = left[j];
      left[j] = left[i];
    }
    return drawn;
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
