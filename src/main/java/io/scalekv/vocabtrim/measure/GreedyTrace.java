package io.scalekv.vocabtrim.measure;

import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.List;

/**
 * Trace of greedy decoding, exact for every number of retained tokens k: for each token of the text
 * its own rank and the lowest rank of a token that the draft model prefers to it. The trimmed draft
 * model drafts the token iff {@code own < k ≤ beaten}. Since the text is the target's own, the
 * blocks are those of the real loop: a block begins after the last verified token, takes matching
 * drafts until one fails, and the target adds one token.
 */
public final class GreedyTrace implements Trace {
  private final int[] ranks;
  private final boolean stopped;
  private int[] own = new int[64];
  private int[] beaten = new int[64];
  private int length;

  /**
   * Begins a trace.
   *
   * @param ranks [V] rank of every token
   * @param stopped whether the text ends with a stop token, not at its greatest length
   */
  public GreedyTrace(int[] ranks, boolean stopped) {
    this.ranks = ranks;
    this.stopped = stopped;
  }

  /** Appends a token; of equal logits the lower id is drafted. */
  @Override
  public void accept(double probability, float[] logits, int token) {
    Require.that(
        logits.length == ranks.length, "logits must be %d, got %d", ranks.length, logits.length);
    int lowest = ranks.length;
    float logit = logits[token];
    for (int v = 0; v < logits.length; v++) {
      if ((logits[v] > logit || (logits[v] == logit && v < token)) && ranks[v] < lowest) {
        lowest = ranks[v];
      }
    }
    accept(ranks[token], lowest);
  }

  /**
   * Appends a token by its two ranks.
   *
   * @param rank of the token
   * @param lowest rank of a token that the draft model prefers to it; V if none
   */
  void accept(int rank, int lowest) {
    if (length == own.length) {
      own = Arrays.copyOf(own, 2 * length);
      beaten = Arrays.copyOf(beaten, 2 * length);
    }
    own[length] = rank;
    beaten[length++] = lowest;
  }

  /** Returns whether a draft model with k retained tokens drafts the i-th token of the text. */
  boolean matches(int i, int k) {
    return own[i] < k && k <= beaten[i];
  }

  @Override
  public BlockStatistics blocks(int k, int gamma) {
    Require.between("number of retained tokens", k, 1, ranks.length);
    Require.atLeast("gamma", gamma, 1);
    double[] offered = new double[gamma];
    double[] accepted = new double[gamma];
    long calls = 0;
    long outside = 0;
    long wrong = 0;
    // at the greatest length the last token is the target's own
    int drafted = stopped ? length : length - 1;
    for (int i = 0; i < length; i++) {
      calls++;
      for (int j = 0; j < gamma && i < drafted; j++) {
        offered[j]++;
        if (!matches(i, k)) {
          if (own[i] < k) {
            wrong++;
          } else {
            outside++;
          }
          break;
        }
        accepted[j]++;
        i++;
      }
    }
    return new BlockStatistics(length, calls, offered, accepted, outside, wrong);
  }

  /**
   * Returns the block efficiency τ of all texts together for every k, [V+1]; NaN at 0. Between two
   * k at which some token begins or ceases to match nothing changes, so a text of n tokens is
   * walked at most 2n+1 times, whatever V.
   */
  public static double[] tau(List<GreedyTrace> traces, int gamma) {
    int vocabulary = traces.get(0).ranks.length;
    long[] steps = new long[vocabulary + 1];
    long tokens = 0;
    for (GreedyTrace trace : traces) {
      tokens += trace.length;
      int before = 0;
      for (int k : trace.changes()) {
        int calls = (int) trace.blocks(k, gamma).calls();
        steps[k] += calls - before;
        before = calls;
      }
    }
    double[] tau = new double[vocabulary + 1];
    tau[0] = Double.NaN;
    long calls = 0;
    for (int k = 1; k < tau.length; k++) {
      calls += steps[k];
      tau[k] = (double) tokens / calls;
    }
    return tau;
  }

  /** Returns all k, ascending, at which a token begins or ceases to match; 1 is among them. */
  private int[] changes() {
    int[] all = new int[2 * length + 1];
    all[0] = 1;
    for (int i = 0; i < length; i++) {
      all[2 * i + 1] = own[i] + 1;
      all[2 * i + 2] = beaten[i] + 1;
    }
    return Arrays.stream(all).filter(k -> k <= ranks.length).sorted().distinct().toArray();
  }
}
