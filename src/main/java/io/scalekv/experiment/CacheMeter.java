package io.scalekv.experiment;

import io.scalekv.cache.KvCache;
import io.scalekv.model.GenerationListener;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.stream.LongStream;

/**
 * Meter of the stored bytes of the cache while images are drawn, between scales and after every
 * layer's write; of a whole batch.
 */
public final class CacheMeter implements GenerationListener {
  /** Contents of the cache of a layer and branch. */
  private record Held(long bytes, long allocated, long tokens) {}

  private final Map<Integer, Held> held = new HashMap<>();
  private final int layers;
  private final long[] afterScale;
  private int rows;
  private long peakBytes;
  private long peakTokens;
  private long pairs;
  private long mostAllocated;
  private long tokens;
  private long heads;

  /**
   * @param layers number of layers L
   * @param scales number of maps K
   */
  public CacheMeter(int layers, int scales) {
    this.layers = layers;
    this.afterScale = new long[scales];
  }

  /** Forgets the caches of the unconditional branch where the input no longer has its rows. */
  @Override
  public void scaleBegins(int scale, int inputRows) {
    if (scale > 0 && inputRows < rows) {
      held.keySet().removeIf(key -> key >= layers);
    }
    rows = inputRows;
  }

  @Override
  public void cached(int scale, int layer, int branch, KvCache cache) {
    if (scale == 0 && layer == 0 && branch == 0) {
      held.clear();
    }
    held.put(
        branch * layers + layer,
        new Held(cache.liveBytes(), cache.allocatedBytes(), cache.tokens()));
    long bytes = sum(Held::bytes);
    peakBytes = Math.max(peakBytes, bytes);
    peakTokens = Math.max(peakTokens, sum(Held::tokens));
    pairs = Math.max(pairs, (long) held.size() * cache.heads());
    mostAllocated = Math.max(mostAllocated, sum(Held::allocated));
    if (scale == afterScale.length - 2) {
      tokens += (long) cache.tokens() * cache.rows();
      heads += (long) cache.heads() * cache.rows();
    }
    if (layer == layers - 1) {
      afterScale[scale] = Math.max(afterScale[scale], bytes);
    }
  }

  private long sum(ToLongFunction<Held> quantity) {
    return held.values().stream().mapToLong(quantity).sum();
  }

  /** Returns the most bytes stored after any layer's write. */
  public long peakBytes() {
    return peakBytes;
  }

  /** Returns the most bytes stored between scales. */
  public long mostBytes() {
    return LongStream.of(afterScale).max().orElse(0);
  }

  /** Returns the most tokens stored after any layer's write, mean over layers and heads. */
  public double peakTokens() {
    return pairs == 0 ? 0 : (double) peakTokens / pairs;
  }

  /**
   * Returns the mean tokens per layer, head and batch row when the last map reads them; of all
   * generations.
   */
  public double meanTokens() {
    return heads == 0 ? 0 : (double) tokens / heads;
  }

  /**
   * Returns the most bytes that were taken from the system for tokens at any moment between layers.
   */
  public long mostAllocatedBytes() {
    return mostAllocated;
  }
}
