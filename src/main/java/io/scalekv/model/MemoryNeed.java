package io.scalekv.model;

import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;

/**
 * Native memory of a generation by formula, before it starts. The cache is that of {@link
 * MemoryModel}; activations are all arrays that one layer makes of the last scale, as if none were
 * freed before its end, or the tokenizer's largest layer: an upper estimate, which leaves room for
 * holes between arrays.
 *
 * @param weights bytes of the transformer
 * @param tokenizer bytes of the image tokenizer, 0 where it is not loaded
 * @param cache bytes of the cache at its most, of one image
 * @param activations bytes of one image
 */
public record MemoryNeed(long weights, long tokenizer, long cache, long activations) {
  /**
   * Returns the memory of a generation.
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
    return config.memoryNeed(schedule, cache, guided, options);
  }

  /** Returns the bytes of a batch. */
  public long bytes(int batch) {
    return weights + tokenizer + batch * (cache + activations);
  }

  /** Returns the largest batch that fits, or 0. */
  public int largestBatch(long free) {
    long left = free - weights - tokenizer;
    return left <= 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, left / (cache + activations));
  }
}
