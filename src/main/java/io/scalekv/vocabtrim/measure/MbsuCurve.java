package io.scalekv.vocabtrim.measure;

import io.scalekv.io.Require;

/**
 * MBSU against the number of retained tokens.
 *
 * @param k ascending
 * @param tau block efficiency at each
 * @param mbsu at each
 */
public record MbsuCurve(int[] k, double[] tau, double[] mbsu) {
  /** Copies the arrays. */
  public MbsuCurve {
    Require.that(
        k.length != 0 && k.length == tau.length && k.length == mbsu.length,
        "MBSU curve must have one tau and one MBSU per k, got %s k, %s and %s",
        k.length,
        tau.length,
        mbsu.length);
    for (int i = 1; i < k.length; i++) {
      Require.that(
          k[i] > k[i - 1], "k of an MBSU curve must ascend, got %s after %s", k[i], k[i - 1]);
    }
    k = k.clone();
    tau = tau.clone();
    mbsu = mbsu.clone();
  }

  /** The curve of block efficiencies under a cost. */
  public static MbsuCurve of(int[] k, double[] tau, DraftCost cost, int gamma) {
    double[] mbsu = new double[k.length];
    for (int i = 0; i < k.length; i++) {
      mbsu[i] = cost.mbsu(tau[i], k[i], gamma);
    }
    return new MbsuCurve(k, tau, mbsu);
  }

  /** Index of the highest MBSU; the smallest k of equal ones. */
  public int bestIndex() {
    int best = 0;
    for (int i = 1; i < mbsu.length; i++) {
      if (mbsu[i] > mbsu[best]) {
        best = i;
      }
    }
    return best;
  }

  /** The k of the highest MBSU. */
  public int best() {
    return k[bestIndex()];
  }

  /** Whether the maximum lies inside: both ends of the curve are lower. */
  public boolean hasInteriorMaximum() {
    double most = mbsu[bestIndex()];
    return most > mbsu[0] && most > mbsu[mbsu.length - 1];
  }

  @Override
  public int[] k() {
    return k.clone();
  }

  @Override
  public double[] tau() {
    return tau.clone();
  }

  @Override
  public double[] mbsu() {
    return mbsu.clone();
  }
}
