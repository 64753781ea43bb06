package io.scalekv.model;

import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.vae.VaeConfig;
import java.util.Map;
import java.util.function.Predicate;

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
  /** Arrays of the tokenizer's finest resolution that exist together. */
  private static final int TOKENIZER_ARRAYS = 4;

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

  /**
   * Returns the bytes of weights.
   *
   * @param product whether bfloat16 halves a weight
   */
  public static long weights(Map<String, Shape> shapes, boolean bf16, Predicate<String> product) {
    return shapes.entrySet().stream()
        .mapToLong(w -> w.getValue().size() * (bf16 && product.test(w.getKey()) ? 2 : 4))
        .sum();
  }

  /**
   * Returns the bytes of the tokenizer's largest arrays.
   *
   * @param patch pixels a side per token
   */
  public static long decoded(VaeConfig tokenizer, long patch, ScaleSchedule schedule) {
    long pixels = patch * patch * schedule.last().tokens();
    return TOKENIZER_ARRAYS * 4 * pixels * tokenizer.width(0);
  }

  /**
   * Returns the bytes that a layer makes of the last scale, and of the keys and values that it
   * reads; about half of the arrays are bfloat16 where the blocks are.
   *
   * @param arrays arrays of [L,C] besides the feed-forward part's two of [L,F]
   * @param width C
   * @param ffnWidth F
   */
  public static long layer(
      ScaleSchedule schedule, boolean guided, boolean bf16, int arrays, long width, long ffnWidth) {
    long scale = schedule.last().tokens() * (bf16 ? 3L : 4L) * (arrays * width + 2 * ffnWidth);
    return (guided ? 2 : 1) * (scale + 2L * 4 * schedule.totalTokens() * width);
  }
}
