package io.scalekv.vocabtrim.measure;

import io.scalekv.io.Require;
import java.util.List;

/**
 * Greedy speculative decoding with a chain of γ drafts, replayed on traces: a block begins after
 * the last token that is certain, takes matching drafts until one fails, and the target adds one
 * token. Since the text is the target's own, the replay makes the very blocks of the real loop.
 */
public final class GreedySweep {
  private GreedySweep() {}

  /** What happens on one text with k retained tokens. */
  public static BlockStatistics walk(DraftTrace trace, int k, int gamma) {
    check(k, gamma, trace.vocabulary());
    double[] offered = new double[gamma];
    double[] accepted = new double[gamma];
    long calls = 0;
    long outside = 0;
    long wrong = 0;
    int n = trace.length();
    for (int i = 0; i < n; i++) {
      calls++;
      for (int j = 0; j < gamma && i < trace.drafted(); j++) {
        offered[j]++;
        if (!trace.matches(i, k)) {
          if (trace.keeps(i, k)) {
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
    return new BlockStatistics(n, calls, offered, accepted, outside, wrong);
  }

  /**
   * Calls of the target on all texts together, for every k at once: between two k at which some
   * token begins or ends to match nothing changes, so a text of n tokens is walked at most 2n+1
   * times, whatever V.
   *
   * @return [V+1] calls at each k; that of 0 is unused
   */
  public static long[] calls(List<DraftTrace> traces, int gamma) {
    Require.that(!traces.isEmpty(), "sweep must be given at least one text");
    int vocabulary = traces.get(0).vocabulary();
    check(1, gamma, vocabulary);
    long[] steps = new long[vocabulary + 2];
    for (DraftTrace trace : traces) {
      Require.that(
          trace.vocabulary() == vocabulary,
          "sweep: vocabulary must be %s, got %s",
          vocabulary,
          trace.vocabulary());
      int before = 0;
      for (int k : trace.changes()) {
        int calls = blocks(trace, k, gamma);
        steps[k] += calls - before;
        before = calls;
      }
    }
    long[] calls = new long[vocabulary + 1];
    for (int k = 1; k <= vocabulary; k++) {
      calls[k] = calls[k - 1] + steps[k];
    }
    return calls;
  }

  /** τ of all texts together for every k, [V+1]; that of 0 is NaN. */
  public static double[] tau(List<DraftTrace> traces, int gamma) {
    long[] calls = calls(traces, gamma);
    long tokens = traces.stream().mapToLong(DraftTrace::length).sum();
    double[] tau = new double[calls.length];
    tau[0] = Double.NaN;
    for (int k = 1; k < tau.length; k++) {
      tau[k] = (double) tokens / calls[k];
    }
    return tau;
  }

  private static int blocks(DraftTrace trace, int k, int gamma) {
    int n = trace.length();
    int calls = 0;
    int i = 0;
    while (i < n) {
      int end = Math.min(n, i + gamma);
      while (i < end && trace.matches(i, k)) {
        i++;
      }
      i++;
      calls++;
    }
    return calls;
  }

  private static void check(int k, int gamma, int vocabulary) {
    Require.that(
        k >= 1 && k <= vocabulary,
        "number of retained tokens must be between 1 and %s, got %s",
        vocabulary,
        k);
    Require.that(gamma >= 1, "gamma must be at least 1, got %s", gamma);
  }
}
