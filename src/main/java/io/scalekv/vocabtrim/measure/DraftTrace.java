package io.scalekv.vocabtrim.measure;

import io.scalekv.io.Require;
import java.util.Arrays;

/**
 * All that a greedy draft model does on one greedy text of the target, for every number of retained
 * tokens: two places in the ranking for every token of the text. The trimmed draft equals the
 * text's token iff {@code own < k ≤ beaten}.
 */
public final class DraftTrace {
  private final int[] own;
  private final int[] beaten;
  private final int vocabulary;
  private final boolean stopped;

  private DraftTrace(int[] own, int[] beaten, int vocabulary, boolean stopped) {
    this.stopped = stopped;
    this.own = own;
    this.beaten = beaten;
    this.vocabulary = vocabulary;
  }

  /**
   * A trace whose places are known.
   *
   * @param own [n] rank of the text's token, r
   * @param beaten [n] lowest rank of a token that the draft model prefers to it, b; V if none
   * @param vocabulary V
   * @param stopped whether the text ends with a stop token, not at its greatest length
   */
  public static DraftTrace of(int[] own, int[] beaten, int vocabulary, boolean stopped) {
    Require.that(
        own.length == beaten.length,
        "draft trace must have as many ranks of both kinds, got %s and %s",
        own.length,
        beaten.length);
    for (int i = 0; i < own.length; i++) {
      boolean fits = own[i] >= 0 && own[i] < vocabulary && beaten[i] >= 0;
      Require.that(
          fits && beaten[i] <= vocabulary && beaten[i] != own[i],
          "draft trace: ranks of token %s must differ and be within %s, got %s and %s",
          i,
          vocabulary,
          own[i],
          beaten[i]);
    }
    return new DraftTrace(own.clone(), beaten.clone(), vocabulary, stopped);
  }

  /** Gathers a trace, token by token. */
  public static Builder builder(int[] ranks) {
    return new Builder(ranks);
  }

  /** Tokens of the text. */
  public int length() {
    return own.length;
  }

  /** Tokens that are drafted: at the greatest length the last one is the target's own. */
  int drafted() {
    return stopped ? own.length : own.length - 1;
  }

  /** V. */
  public int vocabulary() {
    return vocabulary;
  }

  /**
   * Whether a draft model with k retained tokens drafts the i-th token of the text after those
   * before.
   */
  public boolean matches(int i, int k) {
    return own[i] < k && k <= beaten[i];
  }

  /** Whether the i-th token of the text is among k kept ones. */
  public boolean keeps(int i, int k) {
    return own[i] < k;
  }

  /** All k, ascending, at which some token begins or ends to match; 1 is always among them. */
  int[] changes() {
    int[] all = new int[2 * own.length + 1];
    all[0] = 1;
    for (int i = 0; i < own.length; i++) {
      all[2 * i + 1] = own[i] + 1;
      all[2 * i + 2] = beaten[i] + 1;
    }
    return Arrays.stream(all).filter(k -> k <= vocabulary).sorted().distinct().toArray();
  }

  /** Gathers a trace. */
  public static final class Builder {
    private static final int FIRST = 64;

    private final int[] ranks;
    private int[] own = new int[FIRST];
    private int[] beaten = new int[FIRST];
    private int length;

    private Builder(int[] ranks) {
      this.ranks = ranks;
    }

    /**
     * The next token of the text.
     *
     * @param logits [V] of the untrimmed draft model, teacher-forced
     * @param token of the text; of equal logits the lower id is drafted
     */
    public void accept(float[] logits, int token) {
      Require.that(
          logits.length == ranks.length,
          "draft trace must have %s logits, got %s",
          ranks.length,
          logits.length);
      int lowest = ranks.length;
      float logit = logits[token];
      for (int v = 0; v < logits.length; v++) {
        if ((logits[v] > logit || (logits[v] == logit && v < token)) && ranks[v] < lowest) {
          lowest = ranks[v];
        }
      }
      if (length == own.length) {
        own = Arrays.copyOf(own, 2 * length);
        beaten = Arrays.copyOf(beaten, 2 * length);
      }
      own[length] = ranks[token];
      beaten[length++] = lowest;
    }

    /**
     * The trace.
     *
     * @param stopped whether the text ends with a stop token, not at its greatest length
     */
    public DraftTrace build(boolean stopped) {
      return new DraftTrace(
          Arrays.copyOf(own, length), Arrays.copyOf(beaten, length), ranks.length, stopped);
    }
  }
}
