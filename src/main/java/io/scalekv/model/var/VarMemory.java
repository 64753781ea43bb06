package io.scalekv.model.var;

import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.MemoryNeed;
import java.util.Map;

/** Native memory of VAR by formula. */
final class VarMemory {
  /** Arrays of [L,C] that a layer makes besides the feed-forward part's two of [L,F]. */
  private static final int ARRAYS = 18;

  /** Arrays of the tokenizer's finest resolution that exist together. */
  private static final int TOKENIZER_ARRAYS = 4;

  private VarMemory() {}

  /** Returns the memory of a generation, see {@link VarModelConfig#memoryNeed}. */
  static MemoryNeed of(
      VarModelConfig config,
      ScaleSchedule schedule,
      long cache,
      boolean guided,
      LoadOptions options) {
    VarConfig c = config.transformer();
    int branches = guided ? 2 : 1;
    long weights = 0;
    for (Map.Entry<String, Shape> w : VarWeights.shapes(c).entrySet()) {
      boolean half = options.bf16() && VarWeights.isProduct(w.getKey());
      weights += w.getValue().size() * (half ? 2 : 4);
    }
    VqVaeConfig v = config.tokenizer();
    long tokenizer = 4L * v.codes() * v.codeWidth();
    long decoded = 0;
    if (options.tokenizer()) {
      tokenizer = 4 * VqVae.shapes(v).values().stream().mapToLong(Shape::size).sum();
      long pixels = (long) v.patch() * v.patch() * schedule.last().tokens();
      decoded = TOKENIZER_ARRAYS * 4 * pixels * v.baseWidth() * v.multipliers().get(0);
    }
    // about half of the arrays are bfloat16 where the blocks are
    int number = options.bf16() ? 3 : 4;
    long last = schedule.tokens(schedule.scales() - 1);
    long layer =
        branches
            * (last * number * (ARRAYS * (long) c.width() + 2L * c.ffnWidth())
                + 2L * 4 * schedule.totalTokens() * c.width());
    long logits = (branches + 2L) * last * 4 * c.codes();
    return new MemoryNeed(weights, tokenizer, cache, Math.max(Math.max(layer, logits), decoded));
  }
}
