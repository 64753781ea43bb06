package io.scalekv.vocabtrim.measure;

import io.scalekv.io.Require;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * All that a sampling draft model does on one sampled text of the target, in expectation, for
 * several numbers of retained tokens. A draft is accepted with min(1, p/q) and replaced from
 * norm(max(0, p − q)) otherwise (Leviathan et al., arXiv 2211.17192); given that token x came out,
 * it had been drafted and accepted with probability min(p(x), q(x)) / p(x) = min(1, q(x) / p(x)),
 * whatever came out before and after. So the expected number of blocks of a text needs two
 * probabilities a token, and no coin is thrown.
 */
public final class SampledTrace {
  private final List<float[]> accepted;
  private final List<boolean[]> kept;
  private final int sizes;
  private final boolean stopped;

  private SampledTrace(List<float[]> accepted, List<boolean[]> kept, int sizes, boolean stopped) {
    this.stopped = stopped;
    this.accepted = List.copyOf(accepted);
    this.kept = List.copyOf(kept);
    this.sizes = sizes;
  }

  /** Tokens of the text. */
  public int length() {
    return accepted.size();
  }

  /** How many numbers of retained tokens it was made for. */
  public int sizes() {
    return sizes;
  }

  /** Probability that the i-th token came from the draft model, if its place was drafted. */
  public double acceptance(int i, int size) {
    return accepted.get(i)[size];
  }

  /**
   * Expected counts.
   *
   * @param size index of the number of retained tokens
   */
  public BlockStatistics expected(int size, int gamma) {
    Require.that(gamma >= 1, "gamma must be at least 1, got %s", gamma);
    int n = length();
    // at the greatest length the last token is the target's own
    int drafted = stopped ? n : n - 1;
    double[] begins = new double[n + 1];
    double[] offered = new double[gamma];
    double[] taken = new double[gamma];
    double calls = 0;
    double outside = 0;
    double wrong = 0;
    if (n > 0) {
      begins[0] = 1;
    }
    for (int i = 0; i < n; i++) {
      double reach = begins[i];
      calls += reach;
      int at = i;
      for (int j = 0; j < gamma && at < drafted; j++, at++) {
        double a = accepted.get(at)[size];
        offered[j] += reach;
        taken[j] += reach * a;
        if (kept.get(at)[size]) {
          wrong += reach * (1 - a);
        } else {
          outside += reach * (1 - a);
        }
        begins[at + 1] += reach * (1 - a);
        reach *= a;
      }
      // all γ accepted: the target adds one more
      if (at < n) {
        begins[at + 1] += reach;
      }
    }
    return new BlockStatistics(n, calls, offered, taken, outside, wrong);
  }

  /** Probability of a token under logits divided by a temperature, in double precision. */
  public static double probability(float[] logits, int token, double temperature) {
    double most = Float.NEGATIVE_INFINITY;
    for (float logit : logits) {
      most = Math.max(most, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp((logit - most) / temperature);
    }
    return Math.exp((logits[token] - most) / temperature) / sum;
  }

  /**
   * Gathers a trace.
   *
   * @param ranks [V] place of every token
   * @param k numbers of retained tokens, ascending
   * @param temperature of both models, above 0
   */
  public static Builder builder(int[] ranks, int[] k, double temperature) {
    return new Builder(ranks, k, temperature);
  }

  /** Gathers a trace, token by token. */
  public static final class Builder {
    private final int[] ranks;
    private final int[] k;
    private final double temperature;
    private final int[] sizeOfRank;
    private final double[] sums;
    private final List<float[]> accepted = new ArrayList<>();
    private final List<boolean[]> kept = new ArrayList<>();

    private Builder(int[] ranks, int[] k, double temperature) {
      Require.that(temperature > 0, "temperature must be above 0, got %s", temperature);
      this.ranks = ranks;
      this.k = k.clone();
      this.temperature = temperature;
      this.sums = new double[k.length];
      // the first size that holds a rank; k.length if none does
      this.sizeOfRank = new int[ranks.length];
      int size = 0;
      for (int r = 0; r < ranks.length; r++) {
        while (size < k.length && k[size] <= r) {
          size++;
        }
        sizeOfRank[r] = size;
      }
    }

    /** The next token of the text, from the logits of both models, [V] each. */
    public void accept(float[] target, float[] draft, int token) {
      accept(probability(target, token, temperature), draft, token);
    }

    /**
     * The next token of the text.
     *
     * @param p probability that the target gave to it
     * @param draft [V] logits of the untrimmed draft model
     * @param token of the text
     */
    public void accept(double p, float[] draft, int token) {
      double most = Float.NEGATIVE_INFINITY;
      for (float logit : draft) {
        most = Math.max(most, logit);
      }
      Arrays.fill(sums, 0);
      for (int v = 0; v < draft.length; v++) {
        int size = sizeOfRank[ranks[v]];
        if (size < sums.length) {
          sums[size] += Math.exp((draft[v] - most) / temperature);
        }
      }
      double own = Math.exp((draft[token] - most) / temperature);
      float[] a = new float[k.length];
      boolean[] in = new boolean[k.length];
      double sum = 0;
      for (int s = 0; s < k.length; s++) {
        sum += sums[s];
        in[s] = ranks[token] < k[s];
        a[s] = in[s] ? (float) Math.min(1, own / sum / p) : 0;
      }
      accepted.add(a);
      kept.add(in);
    }

    /**
     * The trace.
     *
     * @param stopped whether the text ends with a stop token, not at its greatest length
     */
    public SampledTrace build(boolean stopped) {
      return new SampledTrace(accepted, kept, k.length, stopped);
    }
  }
}
