package io.scalekv.vocabtrim.decode;

import io.scalekv.io.Require;
import java.util.Arrays;

/**
 * Counts of one or more runs of speculative decoding with the same γ. Position j of a chain is the
 * j-th draft token after the last certain one, from 0. A draft token is judged if all before it in
 * its chain were accepted. A prompt's first pass, which both ways of decoding need, is no call.
 *
 * @param generated tokens
 * @param targetCalls passes of the target over a chain
 * @param draftCalls passes of the draft model, one for each draft token
 * @param drafted draft tokens by position
 * @param judged of these, those that were judged
 * @param accepted of these, those that were accepted
 * @param rejectedNotKept rejections where the token that came instead is not in the draft model's
 *     vocabulary
 * @param rejectedWrong all other rejections
 */
public record DecodeStatistics(
    long generated,
    long targetCalls,
    long draftCalls,
    long[] drafted,
    long[] judged,
    long[] accepted,
    long rejectedNotKept,
    long rejectedWrong) {
  /** Counts of no run. */
  public static DecodeStatistics none(int draftTokens) {
    return new DecodeStatistics(
        0, 0, 0, new long[draftTokens], new long[draftTokens], new long[draftTokens], 0, 0);
  }

  /** Counts of both. */
  public DecodeStatistics plus(DecodeStatistics other) {
    Require.that(
        drafted.length == other.drafted.length,
        "decode statistics must be of %s draft tokens, got %s",
        drafted.length,
        other.drafted.length);
    return new DecodeStatistics(
        generated + other.generated,
        targetCalls + other.targetCalls,
        draftCalls + other.draftCalls,
        sum(drafted, other.drafted),
        sum(judged, other.judged),
        sum(accepted, other.accepted),
        rejectedNotKept + other.rejectedNotKept,
        rejectedWrong + other.rejectedWrong);
  }

  private static long[] sum(long[] a, long[] b) {
    long[] c = new long[a.length];
    Arrays.setAll(c, i -> a[i] + b[i]);
    return c;
  }

  /**
   * Block efficiency τ: tokens generated for each call of the target, 1 to γ + 1; NaN without any
   * call.
   */
  public double blockEfficiency() {
    return targetCalls == 0 ? Double.NaN : (double) generated / targetCalls;
  }

  /** Accepted over judged draft tokens of all positions; NaN if none was judged. */
  public double acceptance() {
    long all = Arrays.stream(judged).sum();
    return all == 0 ? Double.NaN : (double) Arrays.stream(accepted).sum() / all;
  }
}
