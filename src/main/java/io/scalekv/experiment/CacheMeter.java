package io.scalekv.experiment;

import io.scalekv.cache.KvCache;
import io.scalekv.model.GenerationListener;
import java.util.HashMap;
import java.util.Map;

/**
 * Measures the memory of the cache while images are drawn: the bytes of the tokens that all layers
 * hold, after every map. Counts a batch as it is.
 */
public final class CacheMeter implements GenerationListener {
  private final Map<Integer, Long> live = new HashMap<>();
  private final Map<Integer, Long> allocated = new HashMap<>();
  private final int layers;
  private final long[] afterScale;
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

  @Override
  public void cached(int scale, int layer, int branch, KvCache cache) {
    if (scale == 0 && layer == 0 && branch == 0) {
      live.clear();
      allocated.clear();
    }
    int key = branch * layers + layer;
    live.put(key, cache.liveBytes());
    allocated.put(key, cache.allocatedBytes());
    long bytes = sum(live);
    mostAllocated = Math.max(mostAllocated, sum(allocated));
    if (scale == afterScale.length - 2) {
      tokens += (long) cache.tokens() * cache.rows();
      heads += (long) cache.heads() * cache.rows();
    }
    if (layer == layers - 1) {
      afterScale[scale] = Math.max(afterScale[scale], bytes);
    }
  }

  private static long sum(Map<Integer, Long> bytes) {
    return bytes.values().stream().mapToLong(Long::longValue).sum();
  }

  /** The most bytes held after any map. */
  public long mostBytes() {
    long most = 0;
    for (long b : afterScale) {
      most = Math.max(most, b);
    }
    return most;
  }

  /** Mean tokens per layer, head and batch row when the last map reads them; of all generations. */
  public double meanTokens() {
    return heads == 0 ? 0 : (double) tokens / heads;
  }

  /** The most bytes that were taken from the system for tokens at any moment between layers. */
  public long mostAllocatedBytes() {
    return mostAllocated;
  }
}
