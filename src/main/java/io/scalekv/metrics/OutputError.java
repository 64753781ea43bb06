package io.scalekv.metrics;

/**
 * Relative error ‖o_full − o_policy‖ / ‖o_full‖ (Euclidean norms) of attention outputs, added up
 * over any number of arrays in double precision. Accumulators of parts combine to that of the
 * whole.
 */
public final class OutputError {
  private double error;
  private double reference;
  private long values;

  private OutputError() {}

  /** Nothing seen yet. */
  public static OutputError create() {
    return new OutputError();
  }

  /** The error of one pair of arrays. */
  public static double of(float[] full, float[] policy) {
    return create().accept(full, policy).relative();
  }

  /**
   * Adds a pair of arrays of any shape.
   *
   * @throws IllegalArgumentException if the lengths differ
   */
  public OutputError accept(float[] full, float[] policy) {
    PairedValues.sameLength("output error", full.length, policy.length);
    for (int i = 0; i < full.length; i++) {
      double d = (double) full[i] - policy[i];
      error += d * d;
      reference += (double) full[i] * full[i];
    }
    values += full.length;
    return this;
  }

  /** Adds what another has seen. */
  public OutputError combine(OutputError other) {
    error += other.error;
    reference += other.reference;
    values += other.values;
    return this;
  }

  /**
   * The relative error: 0 if nothing differs, +∞ if only the policy's outputs are other than 0; NaN
   * if nothing was seen, or for outputs that are not finite under the full cache.
   */
  public double relative() {
    if (values == 0) {
      return Double.NaN;
    }
    return error == 0 ? 0 : Math.sqrt(error / reference);
  }
}
