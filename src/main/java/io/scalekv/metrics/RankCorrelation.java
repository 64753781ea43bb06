package io.scalekv.metrics;

import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;

/** Agreement of two orders. */
public final class RankCorrelation {
  private RankCorrelation() {}

  /**
   * Spearman's ρ, in −1..1: Pearson's correlation of the ranks, average ranks for ties. NaN if
   * either sample is constant.
   *
   * @throws IllegalArgumentException if the lengths differ, or for fewer than two pairs, or NaN
   */
  public static double spearman(double[] x, double[] y) {
    PairedValues.sameLength("spearman", x.length, y.length);
    if (x.length < 2) {
      throw new IllegalArgumentException("spearman: at least 2 pairs expected, got " + x.length);
    }
    for (int i = 0; i < x.length; i++) {
      if (Double.isNaN(x[i]) || Double.isNaN(y[i])) {
        throw new IllegalArgumentException(
            "spearman: pair " + i + ": numbers expected, got " + x[i] + " and " + y[i]);
      }
    }
    return new SpearmansCorrelation().correlation(x, y);
  }
}
