package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Keeper;
import io.scalekv.cache.Kept;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The first tokens, which draw attention whatever they hold (sinks), and the most recent ones (Xiao
 * et al., StreamingLLM, arXiv 2309.17453, section 3.2); without sinks the sliding window of
 * Longformer (Beltagy et al., arXiv 2004.05150, section 3.1). Keys keep their rotation.
 */
final class StreamingLlm implements CachePolicy {
  static final PolicyKind SLIDING_WINDOW =
      new PolicyKind(
          "sliding-window",
          "Beltagy et al., Longformer, arXiv 2004.05150",
          Map.of(),
          (spec, c) -> new StreamingLlm(spec, c, 0));

  static final PolicyKind KIND =
      new PolicyKind(
          "streaming-llm",
          "Xiao et al., StreamingLLM, arXiv 2309.17453",
          Map.of(
              "sinks",
              "first tokens kept: a number (4), scales:N for the first N maps, or fill for all but"
                  + " the last 32"),
          (spec, c) -> new StreamingLlm(spec, c, sinks(spec, c)));

  private static final int DEFAULT_SINKS = 4;
  private static final int FILL_RECENT = 32;

  private final String name;
  private final BudgetPlan plan;
  private final int sinks;

  private StreamingLlm(PolicySpec spec, PolicyContext context, int sinks) {
    this.name = spec.toString();
    this.plan = context.uniform();
    this.sinks = sinks;
  }

  /** Sinks that fit in the budget. */
  private static int sinks(PolicySpec spec, PolicyContext c) {
    String text = spec.text("sinks", String.valueOf(DEFAULT_SINKS));
    int b = c.budget();
    if (text.equals("fill")) {
      return b - Math.min(FILL_RECENT, b / 2);
    }
    if (text.startsWith("scales:")) {
      PolicySpec number =
          PolicySpec.parse(spec.name() + ":sinks=" + text.substring("scales:".length()));
      int maps = number.integer("sinks", 0, 0, c.schedule().scales());
      while (c.schedule().tokensBefore(maps) > b) {
        maps--;
      }
      return c.schedule().tokensBefore(maps);
    }
    return Math.min(b, spec.integer("sinks", DEFAULT_SINKS, 0, Integer.MAX_VALUE));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public BudgetPlan plan() {
    return plan;
  }

  @Override
  public Keeper keeper(int layer) {
    return a -> {
      int t = a.tokens();
      int[][] kept = new int[a.heads().length][];
      for (int g = 0; g < kept.length; g++) {
        int b = a.budget()[g];
        int first = Math.min(sinks, b);
        int recent = b - first;
        kept[g] =
            IntStream.concat(IntStream.range(0, first), IntStream.range(t - recent, t)).toArray();
      }
      return Kept.alike(kept);
    };
  }
}
