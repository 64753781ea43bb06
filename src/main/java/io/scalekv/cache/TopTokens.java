package io.scalekv.cache;

import io.scalekv.io.Require;
import java.util.Arrays;

/** Selection of the tokens of highest score, ties to the lower index. */
public final class TopTokens {
  private TopTokens() {}

  /**
   * Selects for every row and head of a group.
   *
   * @param scores [R·G·T]
   * @param heads G
   * @param tokens T
   * @param budget tokens that each head retains [G]
   */
  public static RetainedTokens of(float[] scores, int heads, int tokens, int[] budget) {
    int[][] retained = new int[scores.length / tokens][];
    for (int i = 0; i < retained.length; i++) {
      retained[i] = top(scores, i * tokens, tokens, budget[i % heads]);
    }
    return RetainedTokens.each(heads, retained);
  }

  /**
   * Returns sorted indices of the {@code count} highest of {@code scores[from .. from+length)},
   * relative to {@code from}; all indices if there are fewer.
   */
  public static int[] top(float[] scores, int from, int length, int count) {
    for (int i = from; i < from + length; i++) {
      Require.that(
          !Float.isNaN(scores[i]), "token scores must be numbers, got NaN at %d", i - from);
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
    int[] retained = new int[n];
    int at = 0;
    for (int i = 0; i < length && at < n; i++) {
      float s = scores[from + i];
      if (s > least) {
        retained[at++] = i;
      } else if (s == least && ties > 0) {
        retained[at++] = i;
        ties--;
      }
    }
    return retained;
  }
}
