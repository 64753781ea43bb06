package io.scalekv.vocabtrim.measure;

import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Trace of greedy decoding, exact for every number of retained tokens k: for each token of the text
 * its own rank and the lowest rank of a token that the draft model prefers to it. The trimmed draft
 * model drafts the token iff {@code own < k ≤ beaten}. Since the text is the target's own, the
 * blocks are those of the real loop: a block begins after the last verified token, takes matching
 * drafts until one fails, and the target adds one token.
 *
 * <p>A draft model that reads predicted states prefers other tokens at each place of a block; its
 * trace holds the lowest rank for every place.
 */
public final class GreedyTrace implements Trace {
  private final int[] ranks;
  private final boolean stopped;
  private int[] own = new int[64];
  private final int[][] beaten;
  private int length;

  /**
   * Begins a trace.
   *
   * @param ranks [V] rank of every token
   * @param stopped whether the text ends with a stop token, not at its greatest length
   * @param places of a block at which the draft model differs; 1 if it never does
   */
  public GreedyTrace(int[] ranks, boolean stopped, int places) {
    this.ranks = ranks;
    this.stopped = stopped;
    this.beaten = new int[places][64];
  }

  /** Appends a token; of equal logits the lower id is drafted. */
  @Override
  public void accept(double probability, float[] logits, int token) {
    Require.that(
        logits.length == ranks.length, "logits must be %d, got %d", ranks.length, logits.length);
    accept(ranks[token], lowest(preferred(logits, token)));
  }

  private int lowest(int[] preferred) {
    int lowest = ranks.length;
    for (int v : preferred) {
      lowest = Math.min(lowest, ranks[v]);
    }
    return lowest;
  }

  /** Returns the tokens that logits prefer to a token; of equal logits the lower id. */
  public static int[] preferred(float[] logits, int token) {
    float logit = logits[token];
    return IntStream.range(0, logits.length)
        .filter(v -> logits[v] > logit || (logits[v] == logit && v < token))
        .toArray();
  }

  /**
   * Appends a token.
   *
   * @param preferred tokens that the draft model prefers to it, one array per place
   */
  public void accept(int token, int[][] preferred) {
    accept(ranks[token], Arrays.stream(preferred).mapToInt(this::lowest).toArray());
  }

  /**
   * Appends a token by its ranks.
   *
   * @param rank of the token
   * @param lowest rank of a token that the draft model prefers to it, for every place or for all; V
   *     if none
   */
  void accept(int rank, int... lowest) {
    if (length == own.length) {
      own = Arrays.copyOf(own, 2 * length);
      Arrays.setAll(beaten, j -> Arrays.copyOf(beaten[j], 2 * length));
    }
    own[length] = rank;
    for (int j = 0; j < beaten.length; j++) {
      beaten[j][length] = lowest[Math.min(j, lowest.length - 1)];
    }
    length++;
  }

  /** Returns whether a draft model with k retained tokens drafts the i-th token at a place. */
  boolean matches(int i, int place, int k) {
    return own[i] < k && k <= beaten[Math.min(place, beaten.length - 1)][i];
  }

  @Override
  public BlockStatistics blocks(int k, int gamma) {
    Require.between("number of retained tokens", k, 1, ranks.length);
    int most = beaten.length == 1 ? Integer.MAX_VALUE : beaten.length;
    Require.between("gamma", gamma, 1, most);
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
        if (!matches(i, j, k)) {
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
   * walked at most 2n+1 times (one n more per further place), whatever V.
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
    IntStream all = IntStream.concat(IntStream.of(1), ranks(own));
    for (int[] b : beaten) {
      all = IntStream.concat(all, ranks(b));
    }
    return all.filter(k -> k <= ranks.length).sorted().distinct().toArray();
  }

  private IntStream ranks(int[] of) {
    return Arrays.stream(of, 0, length).map(r -> r + 1);
  }
}
