package io.scalekv.metrics;

import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;

/** Agreement of two orders. */
public final class RankCorrelation {
  private RankCorrelation() {}

  /**
   * Spearman's ρ, in −1..1, of at least two pairs without NaN: Pearson's correlation of the ranks,
   * average ranks for ties. NaN if either sample is constant.
   */
  public static double spearman(double[] x, double[] y) {
    return new SpearmansCorrelation().correlation(x, y);
  }
}
