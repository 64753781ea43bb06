package io.scalekv.metrics;

import java.util.Arrays;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.stat.ranking.NaturalRanking;
import org.apache.commons.math3.stat.ranking.TiesStrategy;
import org.apache.commons.statistics.inference.AlternativeHypothesis;
import org.apache.commons.statistics.inference.ContinuityCorrection;
import org.apache.commons.statistics.inference.PValueMethod;
import org.apache.commons.statistics.inference.WilcoxonSignedRankTest;

/**
 * Wilcoxon's signed-rank test of paired values: are the differences d_i symmetric about 0? W⁺ is
 * the sum of the ranks of |d_i| over d_i &gt; 0, with average ranks for ties. Differences of 0 are
 * removed first, except by {@link Method#PRATT}.
 *
 * <p>Infinite differences are ranked above all finite ones, so identical images (PSNR +∞) need not
 * be left out. With no difference other than 0 the p-value is 1.
 *
 * <p>Wilcoxon, Individual comparisons by ranking methods (1945); Pratt, Remarks on zeros and ties
 * in the Wilcoxon signed rank procedures (1959).
 */
public final class Wilcoxon {
  /** Up to this many differences other than 0, {@link #test(double[], Alternative)} is exact. */
  public static final int EXACT_UP_TO = 50;

  private static final int LARGEST_EXACT = 1000;
  private static final NormalDistribution NORMAL = new NormalDistribution(null, 0, 1);

  private Wilcoxon() {}

  /** What is claimed of the differences. */
  public enum Alternative {
    /** They lie on one side of 0; twice the smaller tail, at most 1. */
    TWO_SIDED(AlternativeHypothesis.TWO_SIDED),
    /** They lie above 0. */
    GREATER(AlternativeHypothesis.GREATER_THAN),
    /** They lie below 0. */
    LESS(AlternativeHypothesis.LESS_THAN);

    private final AlternativeHypothesis hypothesis;

    Alternative(AlternativeHypothesis hypothesis) {
      this.hypothesis = hypothesis;
    }

    private double of(double greater, double less) {
      return switch (this) {
        case TWO_SIDED -> Math.min(1, 2 * Math.min(greater, less));
        case GREATER -> Math.min(1, greater);
        case LESS -> Math.min(1, less);
      };
    }
  }

  /** How the p-value is found. */
  public enum Method {
    /** Over all 2ⁿ patterns of signs of the ranks found, ties or not. */
    EXACT,
    /** Normal with variance n(n+1)(2n+1)/24 − Σ(t³ − t)/48 over groups of t equal |d_i|. */
    NORMAL,
    /** The same with a continuity correction of ½ towards the larger p-value. */
    NORMAL_CORRECTED,
    /**
     * Normal; the z zeros are ranked and then dropped: z(z+1)/4 less in the mean, z(z+1)(2z+1)/24
     * less in the variance. W⁺ has those higher ranks.
     */
    PRATT
  }

  /**
   * The outcome.
   *
   * @param wPlus W⁺
   * @param p p-value
   * @param n differences other than 0
   * @param zeros differences of 0
   * @param method how p was found
   */
  public record Result(double wPlus, double p, int n, int zeros, Method method) {}

  /**
   * The differences a_i − b_i; 0 where both are equal, infinite ones too.
   *
   * @throws IllegalArgumentException if the lengths differ
   */
  public static double[] differences(double[] a, double[] b) {
    PairedValues.sameLength("wilcoxon", a.length, b.length);
    double[] d = new double[a.length];
    Arrays.setAll(d, i -> a[i] == b[i] ? 0 : a[i] - b[i]);
    return d;
  }

  /**
   * The test, exact up to {@value #EXACT_UP_TO} differences other than 0, else {@link
   * Method#NORMAL_CORRECTED}.
   *
   * @throws IllegalArgumentException for no difference at all, or NaN among them
   */
  public static Result test(double[] differences, Alternative alternative) {
    long n = Arrays.stream(differences).filter(d -> d != 0).count();
    return test(
        differences, alternative, n <= EXACT_UP_TO ? Method.EXACT : Method.NORMAL_CORRECTED);
  }

  /**
   * The test by a given method.
   *
   * @throws IllegalArgumentException for no difference at all, NaN among them, or more than 1000
   *     other than 0 where exactness is asked for
   */
  public static Result test(double[] differences, Alternative alternative, Method method) {
    if (differences.length == 0) {
      throw new IllegalArgumentException("wilcoxon: at least 1 difference expected, got none");
    }
    for (int i = 0; i < differences.length; i++) {
      if (Double.isNaN(differences[i])) {
        throw new IllegalArgumentException(
            "wilcoxon: difference " + i + ": a number expected, got NaN");
      }
    }
    double[] d = Arrays.stream(differences).filter(v -> v != 0).toArray();
    int zeros = differences.length - d.length;
    if (d.length == 0) {
      return new Result(0, 1, 0, zeros, method);
    }
    if (method == Method.PRATT) {
      return pratt(d, zeros, alternative);
    }
    if (method != Method.EXACT) {
      return library(d, zeros, alternative, method, PValueMethod.ASYMPTOTIC);
    }
    if (d.length > LARGEST_EXACT) {
      throw new IllegalArgumentException(
          "wilcoxon: at most "
              + LARGEST_EXACT
              + " differences expected for an exact p-value, got "
              + d.length);
    }
    double[] ranks = ranks(d);
    return tieSum(ranks) == 0
        ? library(d, zeros, alternative, method, PValueMethod.EXACT)
        : exact(d, ranks, zeros, alternative);
  }

  private static Result library(
      double[] d, int zeros, Alternative alternative, Method method, PValueMethod p) {
    WilcoxonSignedRankTest.Result r =
        WilcoxonSignedRankTest.withDefaults()
            .with(alternative.hypothesis)
            .with(p)
            .with(
                method == Method.NORMAL_CORRECTED
                    ? ContinuityCorrection.ENABLED
                    : ContinuityCorrection.DISABLED)
            .test(d);
    return new Result(r.getStatistic(), Math.min(1, r.getPValue()), d.length, zeros, method);
  }

  /**
   * Exact with ties. Average ranks are multiples of ½, so the distribution of 2W⁺ under random
   * signs is found on integers, rank by rank.
   */
  static Result exact(double[] d, double[] ranks, int zeros, Alternative alternative) {
    double[] share = new double[d.length * (d.length + 1) + 1];
    share[0] = 1;
    int reached = 0;
    for (double rank : ranks) {
      int step = (int) Math.round(2 * rank);
      reached += step;
      for (int s = reached; s >= 0; s--) {
        share[s] = 0.5 * (share[s] + (s < step ? 0 : share[s - step]));
      }
    }
    double wPlus = wPlus(d, ranks);
    int observed = (int) Math.round(2 * wPlus);
    double less = 0;
    for (int s = 0; s <= observed; s++) {
      less += share[s];
    }
    double greater = 0;
    for (int s = reached; s >= observed; s--) {
      greater += share[s];
    }
    return new Result(wPlus, alternative.of(greater, less), d.length, zeros, Method.EXACT);
  }

  /** The library counts the zeros as a group of ties in the variance; here they are not one. */
  private static Result pratt(double[] d, int zeros, Alternative alternative) {
    double[] ranks = ranks(d);
    double ties = tieSum(ranks);
    for (int i = 0; i < ranks.length; i++) {
      ranks[i] += zeros;
    }
    double n = d.length + zeros;
    double z = zeros;
    double wPlus = wPlus(d, ranks);
    double mean = n * (n + 1) / 4 - z * (z + 1) / 4;
    double variance = n * (n + 1) * (2 * n + 1) / 24 - z * (z + 1) * (2 * z + 1) / 24 - ties / 48;
    double standard = (wPlus - mean) / Math.sqrt(variance);
    return new Result(
        wPlus,
        alternative.of(
            NORMAL.cumulativeProbability(-standard), NORMAL.cumulativeProbability(standard)),
        d.length,
        zeros,
        Method.PRATT);
  }

  static double[] ranks(double[] d) {
    return new NaturalRanking(TiesStrategy.AVERAGE).rank(Arrays.stream(d).map(Math::abs).toArray());
  }

  private static double wPlus(double[] d, double[] ranks) {
    double sum = 0;
    for (int i = 0; i < d.length; i++) {
      sum += d[i] > 0 ? ranks[i] : 0;
    }
    return sum;
  }

  /** Σ (t³ − t) over groups of t equal ranks. */
  private static double tieSum(double[] ranks) {
    double[] sorted = ranks.clone();
    Arrays.sort(sorted);
    double sum = 0;
    int start = 0;
    for (int i = 1; i <= sorted.length; i++) {
      if (i == sorted.length || sorted[i] != sorted[start]) {
        double t = i - start;
        sum += t * t * t - t;
        start = i;
      }
    }
    return sum;
  }
}
