package io.scalekv.vocabtrim.measure;

/**
 * What a drafted token costs against a call of the target, in weights that are read: c(k) = (body +
 * k · row) / target. The times themselves are modelled: one sequence, time proportional to the
 * bytes of the weights (memory-bound speed-up, Goel et al., arXiv 2506.22694).
 *
 * @param bodyParameters of the drafter without input embedding and output head
 * @param rowParameters of one row of its output head
 * @param targetParameters of the target, its input embedding too, tied weights once
 */
public record DraftCost(long bodyParameters, int rowParameters, long targetParameters) {
  /** Checks the numbers. */
  public DraftCost {
    if (bodyParameters < 0 || rowParameters < 1 || targetParameters < 1) {
      throw new IllegalArgumentException(
          "draft cost: parameters of at least 0, 1 and 1 expected, got "
              + bodyParameters
              + ", "
              + rowParameters
              + " and "
              + targetParameters);
    }
  }

  /** c(k). */
  public double ratio(int k) {
    return (bodyParameters + (double) k * rowParameters) / targetParameters;
  }

  /** MBSU of a block efficiency reached with k kept tokens. */
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
    if (gamma < 1) {
      throw new IllegalArgumentException("gamma: at least 1 expected, got " + gamma);
    }
    return tau / (c * gamma + 1);
  }
}
