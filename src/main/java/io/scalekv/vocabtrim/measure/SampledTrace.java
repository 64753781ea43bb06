package io.scalekv.vocabtrim.measure;

import io.scalekv.io.Require;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Trace of sampled decoding, in expectation over the draft model's randomness. A draft is accepted
 * with probability min(1, p/q) and replaced from norm(max(0, p − q)) otherwise (Leviathan et al.,
 * arXiv 2211.17192); given that token x came out, it had been drafted and accepted with probability
 * min(p(x), q(x)) / p(x) = min(1, q(x) / p(x)), independently of the tokens around it. The expected
 * number of blocks of a text thus needs two probabilities per token and no random number.
 */
public final class SampledTrace implements Trace {
  private final int[] ranks;
  private final int[] sizes;
  private final double temperature;
  private final boolean stopped;
  private final int[] sizeOfRank;
  private final List<float[]> acceptance = new ArrayList<>();
  private final List<boolean[]> retained = new ArrayList<>();

  /**
   * Begins a trace.
   *
   * @param ranks [V] rank of every token
   * @param sizes numbers of retained tokens, ascending
   * @param temperature of both models, above 0
   * @param stopped whether the text ends with a stop token, not at its greatest length
   */
  public SampledTrace(int[] ranks, int[] sizes, double temperature, boolean stopped) {
    Require.that(temperature > 0, "temperature must be above 0, got %s", temperature);
    this.ranks = ranks;
    this.sizes = sizes.clone();
    this.temperature = temperature;
    this.stopped = stopped;
    // the first size that retains a rank; sizes.length if none does
    this.sizeOfRank = new int[ranks.length];
    int size = 0;
    for (int r = 0; r < ranks.length; r++) {
      while (size < sizes.length && sizes[size] <= r) {
        size++;
      }
      sizeOfRank[r] = size;
    }
  }

  @Override
  public void accept(double probability, float[] logits, int token) {
    double most = Float.NEGATIVE_INFINITY;
    for (float logit : logits) {
      most = Math.max(most, logit);
    }
    double[] sums = new double[sizes.length];
    for (int v = 0; v < logits.length; v++) {
      int size = sizeOfRank[ranks[v]];
      if (size < sums.length) {
        sums[size] += Math.exp((logits[v] - most) / temperature);
      }
    }
    double own = Math.exp((logits[token] - most) / temperature);
    float[] a = new float[sizes.length];
    boolean[] in = new boolean[sizes.length];
    double sum = 0;
    for (int s = 0; s < sizes.length; s++) {
      sum += sums[s];
      in[s] = ranks[token] < sizes[s];
      a[s] = in[s] ? (float) Math.min(1, own / sum / probability) : 0;
    }
    acceptance.add(a);
    retained.add(in);
  }

  /** Returns expected counts; k must be one of the sizes. */
  @Override
  public BlockStatistics blocks(int k, int gamma) {
    Require.atLeast("gamma", gamma, 1);
    int size = Arrays.binarySearch(sizes, k);
    Require.that(size >= 0, "number of retained tokens must be a size of the trace, got %d", k);
    int n = acceptance.size();
    // at the greatest length the last token is the target's own
    int drafted = stopped ? n : n - 1;
    double[] begins = new double[n + 1];
    double[] offered = new double[gamma];
    double[] taken = new double[gamma];
    double calls = 0;
    double outside = 0;
    double wrong = 0;
    begins[0] = 1;
    for (int i = 0; i < n; i++) {
      double reach = begins[i];
      calls += reach;
      int at = i;
      for (int j = 0; j < gamma && at < drafted; j++, at++) {
        double a = acceptance.get(at)[size];
        offered[j] += reach;
        taken[j] += reach * a;
        if (retained.get(at)[size]) {
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

  /** Returns the probability of a token under logits divided by a temperature. */
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
}
