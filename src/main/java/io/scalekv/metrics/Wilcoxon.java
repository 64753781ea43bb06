package io.scalekv.metrics;

import io.scalekv.io.Require;
import java.util.Arrays;
import org.apache.commons.math3.stat.ranking.NaturalRanking;
import org.apache.commons.math3.stat.ranking.TiesStrategy;
import org.apache.commons.statistics.inference.AlternativeHypothesis;
import org.apache.commons.statistics.inference.ContinuityCorrection;
import org.apache.commons.statistics.inference.PValueMethod;
import org.apache.commons.statistics.inference.WilcoxonSignedRankTest;

/**
 * Wilcoxon's signed-rank test of paired values, two-sided: are the differences d_i symmetric about
 * 0? W⁺ is the sum of the ranks of |d_i| over d_i &gt; 0, with average ranks for ties. Differences
 * of 0 are removed first.
 *
 * <p>The p-value is exact (over all 2ⁿ patterns of signs of the ranks found, ties or not) up to
 * {@value #EXACT_UP_TO} differences other than 0; for more it is that of the normal distribution
 * with variance n(n+1)(2n+1)/24 − Σ(t³ − t)/48 over groups of t equal |d_i| and a continuity
 * correction of ½.
 *
 * <p>Infinite differences rank above all finite ones, so identical images (PSNR +∞) need not be
 * left out. With no difference other than 0 the p-value is 1.
 *
 * <p>Wilcoxon, Individual comparisons by ranking methods (1945).
 */
public final class Wilcoxon {
  /** Most differences other than 0 for an exact p-value. */
  public static final int EXACT_UP_TO = 50;

  private Wilcoxon() {}

  /**
   * The outcome.
   *
   * @param wPlus W⁺
   * @param p p-value
   * @param n differences other than 0
   */
  public record Result(double wPlus, double p, int n) {
    /** Returns 1 where positive differences have the larger sum of ranks, −1 for negative ones. */
    public int higher() {
      return Double.compare(wPlus, n * (n + 1.0) / 4);
    }
  }

  /**
   * Returns the differences a_i − b_i; 0 where both are equal, infinite ones too.
   *
   * @throws IllegalArgumentException if the lengths differ
   */
  public static double[] differences(double[] a, double[] b) {
    Sizes.sameLength("wilcoxon", a.length, b.length);
    double[] d = new double[a.length];
    Arrays.setAll(d, i -> a[i] == b[i] ? 0 : a[i] - b[i]);
    return d;
  }

  /**
   * Returns the test.
   *
   * @throws IllegalArgumentException for no difference at all, or NaN among them
   */
  public static Result test(double... differences) {
    long n = Arrays.stream(differences).filter(d -> d != 0).count();
    return test(differences, n <= EXACT_UP_TO);
  }

  static Result test(double[] differences, boolean exact) {
    Require.that(differences.length > 0, "wilcoxon needs at least 1 difference, got none");
    for (int i = 0; i < differences.length; i++) {
      Require.that(!Double.isNaN(differences[i]), "wilcoxon: difference %d must not be NaN", i);
    }
    double[] d = Arrays.stream(differences).filter(v -> v != 0).toArray();
    if (d.length == 0) {
      return new Result(0, 1, 0);
    }
    double[] ranks = ranks(d);
    if (exact && Arrays.stream(ranks).distinct().count() < d.length) {
      return exact(d, ranks);
    }
    WilcoxonSignedRankTest.Result r =
        WilcoxonSignedRankTest.withDefaults()
            .with(AlternativeHypothesis.TWO_SIDED)
            .with(exact ? PValueMethod.EXACT : PValueMethod.ASYMPTOTIC)
            .with(ContinuityCorrection.ENABLED)
            .test(d);
    return new Result(r.getStatistic(), Math.min(1, r.getPValue()), d.length);
  }

  /**
   * Exact with ties, which the library lacks. Average ranks are multiples of ½, so the distribution
   * of 2W⁺ under random signs is found on integers, rank by rank.
   */
  static Result exact(double[] d, double[] ranks) {
    double[] share = new double[d.length * (d.length + 1) + 1];
    share[0] = 1;
    int reached = 0;
    double wPlus = 0;
    for (int i = 0; i < d.length; i++) {
      int step = (int) Math.round(2 * ranks[i]);
      reached += step;
      wPlus += d[i] > 0 ? ranks[i] : 0;
      for (int s = reached; s >= 0; s--) {
        share[s] = 0.5 * (share[s] + (s < step ? 0 : share[s - step]));
      }
    }
    int observed = (int) Math.round(2 * wPlus);
    double less = Arrays.stream(share, 0, observed + 1).sum();
    double greater = Arrays.stream(share, observed, reached + 1).sum();
    return new Result(wPlus, Math.min(1, 2 * Math.min(greater, less)), d.length);
  }

  static double[] ranks(double[] d) {
    return new NaturalRanking(TiesStrategy.AVERAGE).rank(Arrays.stream(d).map(Math::abs).toArray());
  }
}
