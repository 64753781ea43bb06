package io.scalekv.cache;

import java.util.Arrays;

/** The tokens of highest score, ties to the lower index. */
public final class TopTokens {
  private TopTokens() {}

  /**
   * Chooses for every row and head of a group.
   *
   * @param scores [R·G·T]
   * @param heads G
   * @param tokens T
   * @param budget tokens that each head keeps [G]
   */
  public static RetainedTokens of(float[] scores, int heads, int tokens, int[] budget) {
    int[][] kept = new int[scores.length / tokens][];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = top(scores, i * tokens, tokens, budget[i % heads]);
    }
    return RetainedTokens.each(heads, kept);
  }

  /**
   * Sorted indices of the {@code count} highest of {@code scores[from .. from+length)}, relative to
   * {@code from}; all of them where there are not more.
   */
  public static int[] top(float[] scores, int from, int length, int count) {
    for (int i = from; i < from + length; i++) {
      if (Float.isNaN(scores[i])) {
        throw new IllegalArgumentException(
            "token scores: numbers expected, got NaN at " + (i - from) + " of " + length);
      }
    }
    int n = Math.min(count, length);
    if (n <= 0) {
      return new int[0];
    }
    float[] sorted = Arrays.copyOfRange(scores, from, from + length);
    Arrays.sort(sorted);
    float least = sorted[length - n];
    int above = 0;
    for (int i = length - 1; i >= 0 && sorted[i] > least; i--) {
      above++;
    }
    int ties = n - above;
    int[] kept = new int[n];
    int at = 0;
    for (int i = 0; i < length && at < n; i++) {
      float s = scores[from + i];
      if (s > least) {
        kept[at++] = i;
      } else if (s == least && ties > 0) {
        kept[at++] = i;
        ties--;
      }
    }
    return kept;
  }
}
