package io.scalekv.vocabtrim.measure;

import io.scalekv.io.Require;

/**
 * Cost of a drafted token relative to a call of the target, in weights read: c(k) = (body + k ·
 * row) / target. Times are modelled: one sequence, time proportional to the bytes of the weights
 * (memory-bound speed-up, Goel et al., arXiv 2506.22694).
 *
 * @param bodyParameters of the draft model without input embedding and output head
 * @param rowParameters of one row of its output head
 * @param targetParameters of the target, its input embedding included, tied weights once
 */
public record DraftCost(long bodyParameters, int rowParameters, long targetParameters) {
  public DraftCost {
    Require.that(
        bodyParameters >= 0 && rowParameters >= 1 && targetParameters >= 1,
        "parameters of a draft cost must be at least 0, 1 and 1, got %d, %d and %d",
        bodyParameters,
        rowParameters,
        targetParameters);
  }

  /** Returns c(k). */
  public double ratio(int k) {
    return (bodyParameters + (double) k * rowParameters) / targetParameters;
  }

  /** Returns the MBSU of a block efficiency reached with k retained tokens. */
  public double mbsu(double tau, int k, int gamma) {
    return mbsu(tau, ratio(k), gamma);
  }

  /**
   * Returns MBSU = τ / (c·γ + 1).
   *
   * @param tau generated tokens per call of the target, 1 to γ+1
   * @param c cost of a drafted token relative to a call of the target
   * @param gamma drafted tokens of a block, at least 1
   */
  public static double mbsu(double tau, double c, int gamma) {
    return tau / (c * Require.atLeast("gamma", gamma, 1) + 1);
  }

  /**
   * Returns the index of the highest MBSU; the first of equal ones.
   *
   * @param k numbers of retained tokens, ascending
   * @param tau block efficiency at each
   */
  public int best(int[] k, double[] tau, int gamma) {
    int best = 0;
    for (int i = 1; i < k.length; i++) {
      if (mbsu(tau[i], k[i], gamma) > mbsu(tau[best], k[best], gamma)) {
        best = i;
      }
    }
    return best;
  }
}
