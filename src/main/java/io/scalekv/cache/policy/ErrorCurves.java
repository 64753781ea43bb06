package io.scalekv.cache.policy;

import java.util.Arrays;

/**
 * Calibration part of the error-curve policy: change of the attention output of each map when a
 * head retains few tokens, and mean importance of each token. All indices count from 0; map 0 reads
 * nothing and has empty lists.
 *
 * @param tokens [map][i] numbers of retained tokens b, ascending from 0 to all T_k
 * @param error [map][layer][head][i] mean over prompts and queries of ‖o_full − o_b‖²
 * @param importance [map][layer][head][position] mean over prompts and queries of p/(1−p)·‖o − v‖
 * @param sensitivity [layer] cost of a unit of error in that layer for the image
 */
public record ErrorCurves(
    int[][] tokens, double[][][][] error, float[][][][] importance, double[] sensitivity) {
  /** Returns the number of maps K. */
  public int maps() {
    return tokens.length;
  }

  /** Returns the number of layers L. */
  public int layers() {
    return error[0].length;
  }

  /** Returns the number of heads H. */
  public int heads() {
    return error[0][0].length;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ErrorCurves o
        && Arrays.deepEquals(tokens, o.tokens)
        && Arrays.deepEquals(error, o.error)
        && Arrays.deepEquals(importance, o.importance)
        && Arrays.equals(sensitivity, o.sensitivity);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.deepHashCode(tokens) + Arrays.deepHashCode(error);
  }

  @Override
  public String toString() {
    return String.format(
        "error curves of %d maps, %d layers x %d heads", maps(), layers(), heads());
  }
}
