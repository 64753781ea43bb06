package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.TokenSelector;
import io.scalekv.io.Numbers;
import io.scalekv.io.Require;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/**
 * StreamingLLM policy (Xiao et al., arXiv 2309.17453, section 3.2): retains the first tokens, which
 * act as attention sinks, and the most recent ones. Without sinks it is the sliding window of
 * Longformer (Beltagy et al., arXiv 2004.05150, section 3.1). Keys keep their rotation.
 *
 * @param name with its settings
 * @param plan the same budget everywhere
 * @param sinks first tokens that are retained
 */
record StreamingLlm(String name, BudgetPlan plan, int sinks) implements CachePolicy {
  static final PolicyKind SLIDING_WINDOW =
      PolicyKind.of(
          "sliding-window",
          "the last tokens",
          "Beltagy et al., Longformer, arXiv 2004.05150",
          List.of(),
          (spec, c) -> new StreamingLlm(spec.toString(), c.uniform(), 0));

  private static final Setting<ToIntFunction<PolicyContext>> SINKS =
      Setting.of(
          "sinks",
          "4",
          "a number of tokens, scales:N or fill",
          "first tokens that are retained: a number, those of the first N maps, or all but the last"
              + " 32",
          StreamingLlm::rule);

  static final PolicyKind KIND =
      PolicyKind.of(
          "streaming-llm",
          "the first tokens (attention sinks) and the last tokens",
          "Xiao et al., StreamingLLM, arXiv 2309.17453",
          List.of(SINKS),
          (spec, c) ->
              new StreamingLlm(spec.toString(), c.uniform(), SINKS.of(spec).applyAsInt(c)));

  private static final int FILL_RECENT = 32;

  /** Reads the setting; the result returns as many sinks as fit in the budget. */
  private static ToIntFunction<PolicyContext> rule(String text) {
    if (text.equals("fill")) {
      return c -> c.budget() - Math.min(FILL_RECENT, c.budget() / 2);
    }
    boolean maps = text.startsWith("scales:");
    int n =
        Require.atLeast(
            "sinks", Numbers.integer(maps ? text.substring("scales:".length()) : text), 0);
    if (!maps) {
      return c -> Math.min(c.budget(), n);
    }
    return c -> {
      int fit = Math.min(n, c.schedule().scales());
      while (c.schedule().tokensBefore(fit) > c.budget()) {
        fit--;
      }
      return c.schedule().tokensBefore(fit);
    };
  }

  @Override
  public TokenSelector selector(int layer) {
    return in -> {
      int t = in.tokens();
      int[][] retained = new int[in.heads().length][];
      for (int g = 0; g < retained.length; g++) {
        int b = in.budget()[g];
        int first = Math.min(sinks, b);
        int recent = b - first;
        retained[g] =
            IntStream.concat(IntStream.range(0, first), IntStream.range(t - recent, t)).toArray();
      }
      return RetainedTokens.alike(retained);
    };
  }
}
