package io.scalekv.vocabtrim.measure;

import io.scalekv.io.Require;

/**
 * What happened in the blocks of one text or of several. Numbers are counts, or expected counts
 * where drafts were sampled.
 *
 * @param tokens generated
 * @param calls of the target
 * @param offered [γ] drafted tokens that were looked at, by their place in the block
 * @param accepted [γ] of them accepted
 * @param outside rejections where the token that was to come is not kept
 * @param wrong rejections where it is kept
 */
public record BlockStatistics(
    double tokens,
    double calls,
    double[] offered,
    double[] accepted,
    double outside,
    double wrong) {
  /** Copies the arrays. */
  public BlockStatistics {
    Require.that(
        offered.length == accepted.length && offered.length != 0,
        "block statistics must have as many offered as accepted places, at least one, got %s and"
            + " %s",
        offered.length,
        accepted.length);
    offered = offered.clone();
    accepted = accepted.clone();
  }

  /** No block yet. */
  public static BlockStatistics none(int gamma) {
    return new BlockStatistics(0, 0, new double[gamma], new double[gamma], 0, 0);
  }

  /** Both together. */
  public BlockStatistics plus(BlockStatistics o) {
    double[] sumOffered = offered.clone();
    double[] sumAccepted = accepted.clone();
    for (int j = 0; j < offered.length; j++) {
      sumOffered[j] += o.offered[j];
      sumAccepted[j] += o.accepted[j];
    }
    return new BlockStatistics(
        tokens + o.tokens,
        calls + o.calls,
        sumOffered,
        sumAccepted,
        outside + o.outside,
        wrong + o.wrong);
  }

  /** τ, generated tokens per call of the target; NaN without a call. */
  public double tau() {
    return calls == 0 ? Double.NaN : tokens / calls;
  }

  /** Share accepted of the tokens offered at each place of a block; NaN where none was. */
  public double[] acceptance() {
    double[] shares = new double[offered.length];
    for (int j = 0; j < shares.length; j++) {
      shares[j] = offered[j] == 0 ? Double.NaN : accepted[j] / offered[j];
    }
    return shares;
  }

  @Override
  public double[] offered() {
    return offered.clone();
  }

  @Override
  public double[] accepted() {
    return accepted.clone();
  }
}
