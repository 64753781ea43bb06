package io.scalekv.vocabtrim.measure;

import io.scalekv.io.Require;

/**
 * What a drafted token costs against a call of the target, in weights that are read: c(k) = (body +
 * k · row) / target. The times themselves are modelled: one sequence, time proportional to the
 * bytes of the weights (memory-bound speed-up, Goel et al., arXiv 2506.22694).
 *
 * @param bodyParameters of the draft model without input embedding and output head
 * @param rowParameters of one row of its output head
 * @param targetParameters of the target, its input embedding too, tied weights once
 */
public record DraftCost(long bodyParameters, int rowParameters, long targetParameters) {
  /** Checks the numbers. */
  public DraftCost {
    Require.that(
        bodyParameters >= 0 && rowParameters >= 1 && targetParameters >= 1,
        "draft cost: parameters must be at least 0, 1 and 1, got %s, %s and %s",
        bodyParameters,
        rowParameters,
        targetParameters);
  }

  /** c(k). */
  public double ratio(int k) {
    return (bodyParameters + (double) k * rowParameters) / targetParameters;
  }

  /** MBSU of a block efficiency reached with k retained tokens. */
  public double mbsu(double tau, int k, int gamma) {
    return mbsu(tau, ratio(k), gamma);
  }

  /**
   * MBSU = τ / (c·γ + 1).
   *
   * @param tau generated tokens per call of the target, 1 to γ+1
   * @param c cost of a drafted token against a call of the target
   * @param gamma drafted tokens of a block, at least 1
   */
  public static double mbsu(double tau, double c, int gamma) {
    Require.that(gamma >= 1, "gamma must be at least 1, got %s", gamma);
    return tau / (c * gamma + 1);
  }
}
