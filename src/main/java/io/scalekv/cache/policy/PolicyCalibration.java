package io.scalekv.cache.policy;

/**
 * What calibration has to tell a policy; null where it was not measured.
 *
 * @param drafters [layer][scale], ScaleKV's roles
 * @param blockOrder HeatKV's orders
 * @param mapSimilarity [layer], AMS-KV's similarity of a layer's keys and values between maps
 * @param attentionVariance [layer][head], HACK's rank of attention variance
 */
public record PolicyCalibration(
    boolean[][] drafters,
    BlockOrder blockOrder,
    double[] mapSimilarity,
    double[][] attentionVariance) {
  /** Nothing was measured. */
  public static final PolicyCalibration NONE = new PolicyCalibration(null, null, null, null);

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
