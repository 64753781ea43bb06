package io.scalekv.cache.policy;

/**
 * What calibration has to tell a policy; null where it was not measured.
 *
 * @param drafters [layer][scale], ScaleKV's roles
 * @param blockOrder HeatKV's orders
 * @param mapSimilarity [layer], AMS-KV's similarity of a layer's keys and values between maps
 * @param attentionVariance [layer][head], HACK's rank of attention variance
 * @param errorCurves what the error-curve policy is told
 */
public record PolicyCalibration(
    boolean[][] drafters,
    BlockOrder blockOrder,
    double[] mapSimilarity,
    double[][] attentionVariance,
    ErrorCurves errorCurves) {
  /** Nothing was measured. */
  public static final PolicyCalibration NONE = new PolicyCalibration(null, null, null, null, null);

  /** Without error curves. */
  public PolicyCalibration(
      boolean[][] drafters,
      BlockOrder blockOrder,
      double[] mapSimilarity,
      double[][] attentionVariance) {
    this(drafters, blockOrder, mapSimilarity, attentionVariance, null);
  }

  /** The same with these error curves, which may be null. */
  public PolicyCalibration withErrorCurves(ErrorCurves curves) {
    return new PolicyCalibration(drafters, blockOrder, mapSimilarity, attentionVariance, curves);
  }

  /**
   * Order in which HeatKV drops whole blocks.
   *
   * @param firstMap first source map that may be dropped, s0
   * @param order [source map − s0][rank] = head · L + layer, first dropped first
   */
  public record BlockOrder(int firstMap, int[][] order) {}

  /** The part asked for, or one line that says how to get it. */
  static <T> T required(T part, String policy, String what) {
    if (part == null) {
      throw new IllegalArgumentException(
          "policy "
              + policy
              + ": a calibration with "
              + what
              + " expected, got none; calibrate makes one for --roles");
    }
    return part;
  }
}
