package io.scalekv.model.infinity;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.MemoryNeed;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;

/** Native memory of Infinity by formula. */
final class InfinityMemory {
  /** Arrays of [L,C] that a layer makes besides the feed-forward part's two of [L,F]. */
  private static final int ARRAYS = 22;

  /** Arrays of the tokenizer's finest resolution that exist together. */
  private static final int TOKENIZER_ARRAYS = 4;

  private InfinityMemory() {}

  /** Returns the memory of a generation, see {@link InfinityModelConfig#memoryNeed}. */
  static MemoryNeed of(
      InfinityModelConfig config,
      ScaleSchedule schedule,
      long cache,
      boolean guided,
      LoadOptions options) {
    InfinityConfig c = config.transformer();
    int branches = guided ? 2 : 1;
    long weights = 0;
    for (var w : InfinityWeights.shapes(c).entrySet()) {
      boolean half = options.bf16() && InfinityWeights.isProduct(w.getKey());
      weights += w.getValue().size() * (half ? 2 : 4);
    }
    VaeConfig v = config.tokenizer();
    long tokenizer = 0;
    long decoded = 0;
    if (options.tokenizer()) {
      tokenizer = 4 * Vae.shapes(v).values().stream().mapToLong(s -> s.size()).sum();
      long patch = (long) v.patch() * (c.patchify() ? 2 : 1);
      long pixels = patch * patch * schedule.last().tokens();
      decoded = TOKENIZER_ARRAYS * 4 * pixels * v.baseWidth() * v.multipliers().get(0);
    }
    // about half of the arrays are bfloat16 where the blocks are
    int number = options.bf16() ? 3 : 4;
    long last = schedule.tokens(schedule.scales() - 1);
    long layer =
        branches
            * (last * number * (ARRAYS * (long) c.width() + 2L * c.ffnWidth())
                + 2L * 4 * schedule.totalTokens() * c.width());
    return new MemoryNeed(weights, tokenizer, cache, Math.max(layer, decoded));
  }
}
