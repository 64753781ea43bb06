package io.scalekv.metrics;

import io.scalekv.io.Require;
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
    Sizes.sameLength("spearman", x.length, y.length);
    Require.that(x.length >= 2, "spearman needs at least 2 pairs, got %s", x.length);
    for (int i = 0; i < x.length; i++) {
      Require.that(
          !Double.isNaN(x[i]) && !Double.isNaN(y[i]),
          "spearman: pair %s must not be NaN, got %s and %s",
          i,
          x[i],
          y[i]);
    }
    return new SpearmansCorrelation().correlation(x, y);
  }
}
