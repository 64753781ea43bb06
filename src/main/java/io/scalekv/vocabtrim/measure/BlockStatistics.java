package io.scalekv.vocabtrim.measure;

import java.util.Arrays;

/**
 * Counts of the blocks of one or more texts at one γ, or expected counts where drafts were sampled.
 * Position j of a block is its j-th draft token, from 0; a draft token is judged if all before it
 * in its block were accepted.
 *
 * @param tokens generated
 * @param calls passes of the target over a block; the first pass over a prompt is none
 * @param judged [γ] judged draft tokens by position
 * @param accepted [γ] of these, the accepted ones
 * @param outside rejections where the token that replaces the draft is not retained
 * @param wrong all other rejections
 */
public record BlockStatistics(
    double tokens, double calls, double[] judged, double[] accepted, double outside, double wrong) {
  /** Returns the counts of no block. */
  public static BlockStatistics none(int gamma) {
    return new BlockStatistics(0, 0, new double[gamma], new double[gamma], 0, 0);
  }

  /** Returns the sum of both. */
  public BlockStatistics plus(BlockStatistics o) {
    return new BlockStatistics(
        tokens + o.tokens,
        calls + o.calls,
        sum(judged, o.judged),
        sum(accepted, o.accepted),
        outside + o.outside,
        wrong + o.wrong);
  }

  private static double[] sum(double[] a, double[] b) {
    double[] c = new double[a.length];
    Arrays.setAll(c, j -> a[j] + b[j]);
    return c;
  }

  /** Returns the block efficiency τ, generated tokens per call of the target; NaN without any. */
  public double tau() {
    return calls == 0 ? Double.NaN : tokens / calls;
  }

  /** Returns the accepted share of the judged tokens by position; NaN where none was judged. */
  public double[] acceptance() {
    double[] shares = new double[judged.length];
    Arrays.setAll(shares, j -> judged[j] == 0 ? Double.NaN : accepted[j] / judged[j]);
    return shares;
  }
}
