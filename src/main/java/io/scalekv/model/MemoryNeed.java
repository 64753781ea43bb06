package io.scalekv.model;

import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.infinity.InfinityWeights;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;

/**
 * Native memory of a generation by formula, before it is tried. The cache is that of {@link
 * MemoryModel}; activations are all arrays that one layer makes of the last map, as if none were
 * freed before its end, or the tokenizer's largest layer: an upper estimate, which leaves room for
 * holes between arrays.
 *
 * @param weights bytes of the transformer
 * @param tokenizer bytes of the image tokenizer, 0 where it is not loaded
 * @param cache bytes of the cache at its most, of one image
 * @param activations bytes of one image
 */
public record MemoryNeed(long weights, long tokenizer, long cache, long activations) {
  /** Arrays of [L,C] that a layer makes besides the feed-forward part's two of [L,F]. */
  private static final int ARRAYS = 22;

  /** Arrays of the tokenizer's finest resolution that live together. */
  private static final int TOKENIZER_ARRAYS = 4;

  /**
   * The need of a generation.
   *
   * @param settings of the cache
   * @param guided whether there are two guidance branches
   * @param options number format and parts
   */
  public static MemoryNeed of(
      ModelConfig config,
      ScaleSchedule schedule,
      CacheSettings settings,
      boolean guided,
      LoadOptions options) {
    long cache =
        config
            .geometry()
            .memory(settings.keys(), settings.values(), guided ? 2 : 1, 1)
            .peakBytes(settings.plans(guided));
    return of(config, schedule, cache, guided, options);
  }

  /**
   * The need of a generation with a cache of known size.
   *
   * @param cache bytes at its most, of one image, both guidance branches
   * @param guided whether there are two guidance branches
   * @param options number format and parts
   */
  public static MemoryNeed of(
      ModelConfig config, ScaleSchedule schedule, long cache, boolean guided, LoadOptions options) {
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

  /** Bytes of so many images together. */
  public long bytes(int batch) {
    return weights + tokenizer + batch * (cache + activations);
  }

  /** The most images that fit; 0 where not even one does. */
  public int largestBatch(long free) {
    long left = free - weights - tokenizer;
    return left <= 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, left / (cache + activations));
  }
}
