package io.scalekv.profile;

import io.scalekv.io.Require;
import org.apache.commons.statistics.distribution.TDistribution;

/**
 * Mean and spread of a sample; NaN values of the sample are left out.
 *
 * @param n defined values
 * @param mean their mean; NaN if there are none
 * @param variance Σ (x − mean)² / (n − 1); NaN for fewer than two values
 */
public record Moments(int n, double mean, double variance) {
  /** Moments of the values, in two passes in their order: equal samples give equal bits. */
  public static Moments of(double... values) {
    int n = 0;
    double sum = 0;
    for (double v : values) {
      if (!Double.isNaN(v)) {
        n++;
        sum += v;
      }
    }
    double mean = n == 0 ? Double.NaN : sum / n;
    double squares = 0;
    for (double v : values) {
      if (!Double.isNaN(v)) {
        squares += (v - mean) * (v - mean);
      }
    }
    return new Moments(n, mean, n < 2 ? Double.NaN : squares / (n - 1));
  }

  /** √variance; NaN for fewer than two values. */
  public double standardDeviation() {
    return Math.sqrt(variance);
  }

  /** Returns the standard deviation of the mean, √(variance / n); NaN for fewer than two values. */
  public double standardError() {
    return Math.sqrt(variance / n);
  }

  /**
   * Returns half the width of Student's interval of the mean, t · √(variance / n) with t the (1 +
   * level)/2 quantile for n − 1 degrees of freedom: the mean of the population lies within {@code
   * mean ± margin} in a share {@code level} of samples, if values are independent and their mean is
   * about normal. NaN for fewer than two values.
   *
   * @param level in (0, 1), such as 0.95
   */
  public double margin(double level) {
    Require.that(level > 0 && level < 1, "level must be between 0 and 1, got %s", level);
    return n < 2
        ? Double.NaN
        : TDistribution.of(n - 1.0).inverseSurvivalProbability((1 - level) / 2) * standardError();
  }
}
