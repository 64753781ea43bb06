package io.scalekv.metrics;

import java.util.Arrays;

/** How unevenly an amount is spread over n places. */
public final class Concentration {
  /** How far probabilities may add up beside 1. */
  private static final double SUM_ERROR = 1e-6;

  private Concentration() {}

  /** H = −Σ p ln p in nats, 0 ln 0 = 0; in [0, ln n]. Errors as {@link #giniImpurity}. */
  public static double entropy(double... p) {
    checkProbabilities(p);
    double h = 0;
    for (double v : p) {
      h -= v == 0 ? 0 : v * Math.log(v);
    }
    return h;
  }

  /**
   * exp(H): n for uniform probabilities, 1 for a certain place. Errors as {@link #giniImpurity}.
   */
  public static double effectiveNumber(double... p) {
    return Math.exp(entropy(p));
  }

  /**
   * 1 − Σ p²: the chance that two draws differ, in [0, 1 − 1/n].
   *
   * @throws IllegalArgumentException for no, negative or undefined probabilities, or a sum beside 1
   */
  public static double giniImpurity(double... p) {
    checkProbabilities(p);
    double squares = 0;
    for (double v : p) {
      squares += v * v;
    }
    return 1 - squares;
  }

  /**
   * Gini coefficient Σ_i (2i − n − 1) x_(i) / (n Σ x), x_(1) ≤ … ≤ x_(n): 0 for equal amounts, 1 −
   * 1/n if one place has all; NaN if all are 0.
   *
   * @throws IllegalArgumentException for no amounts, or one that is negative or not finite
   */
  public static double gini(double... x) {
    checkAmounts("gini: amount", x);
    double[] sorted = x.clone();
    Arrays.sort(sorted);
    double weighted = 0;
    double sum = 0;
    for (int i = 0; i < sorted.length; i++) {
      weighted += (2.0 * i + 1 - sorted.length) * sorted[i];
      sum += sorted[i];
    }
    return weighted / (sorted.length * sum);
  }

  private static void checkProbabilities(double[] p) {
    checkAmounts("concentration: probability", p);
    double sum = Arrays.stream(p).sum();
    if (Math.abs(sum - 1) > SUM_ERROR) {
      throw new IllegalArgumentException(
          "concentration: probabilities that add up to 1 expected, got " + sum);
    }
  }

  private static void checkAmounts(String what, double[] x) {
    if (x.length == 0) {
      throw new IllegalArgumentException(what + ": at least 1 expected, got none");
    }
    for (int i = 0; i < x.length; i++) {
      if (!(x[i] >= 0 && x[i] < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            what + " " + i + ": a finite value of at least 0 expected, got " + x[i]);
      }
    }
  }
}
