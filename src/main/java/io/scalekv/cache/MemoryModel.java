package io.scalekv.cache;

import java.math.BigInteger;

/**
 * Memory of a KV cache by formula (Li et al., ScaleKV, table 1):
 *
 * <pre>  bytes = tokens · L · C · (bytes(K) + bytes(V)) · branches · batch</pre>
 *
 * <p>Numbers of 8 bits need scales, 4 bytes each (float32), which come on top:
 *
 * <pre>
 *   keys, one scale per channel of a head and source map:  maps · L · C · 4 · branches · batch
 *   values, one scale per token and head:                  tokens · L · H · 4 · branches · batch
 * </pre>
 *
 * <p>Scales of a map stay when its tokens are gone, so there are those of K−1 maps at the end.
 *
 * @param layers number of layers L
 * @param width channels of a layer C, all heads together
 * @param keyBytes bytes of one stored key number
 * @param valueBytes bytes of one stored value number
 * @param branches 2 with classifier-free guidance, else 1
 * @param batch images made at once
 * @param keyScales scales of a layer's keys per source map: C, or 0 for none
 * @param valueScales scales of a layer's values per token: H, or 0 for none
 */
public record MemoryModel(
    int layers,
    int width,
    int keyBytes,
    int valueBytes,
    int branches,
    int batch,
    int keyScales,
    int valueScales) {
  private static final long MIB = 1L << 20;
  private static final int SCALE_BYTES = 4;

  /** Checks that every factor is positive, and that scales are not negative. */
  public MemoryModel {
    positive("layers", layers);
    positive("width", width);
    positive("bytes of a key", keyBytes);
    positive("bytes of a value", valueBytes);
    positive("branches", branches);
    positive("batch", batch);
    if (keyScales < 0 || valueScales < 0) {
      throw new IllegalArgumentException(
          "memory model: scales: at least 0 expected, got " + keyScales + " and " + valueScales);
    }
  }

  /** A cache whose numbers need no scales. */
  public MemoryModel(int layers, int width, int keyBytes, int valueBytes, int branches, int batch) {
    this(layers, width, keyBytes, valueBytes, branches, batch, 0, 0);
  }

  private static void positive(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "memory model: " + what + ": at least 1 expected, got " + value);
    }
  }

  /**
   * Infinity as it runs: keys normalised in fp32 (4 bytes), values in bf16 (2 bytes), two guidance
   * branches.
   */
  public static MemoryModel infinity(int layers, int width, int batch) {
    return new MemoryModel(layers, width, 4, 2, 2, batch);
  }

  /**
   * A cache of these number formats, with the scales that they need.
   *
   * @param heads number of heads H
   */
  public static MemoryModel of(
      int layers, int width, int heads, CacheType keys, CacheType values, int branches, int batch) {
    positive("heads", heads);
    return new MemoryModel(
        layers,
        width,
        keys.bytes(),
        values.bytes(),
        branches,
        batch,
        keys == CacheType.INT8 ? width : 0,
        values == CacheType.INT8 ? heads : 0);
  }

  /**
   * Bytes of one token per layer and head, over all layers, branches and images; without the scales
   * of keys, which belong to maps.
   */
  public long bytesPerToken() {
    return Math.multiplyExact((long) layers, bytesPerLayerToken());
  }

  /** Bytes of the key scales of one source map, over all layers, branches and images. */
  public long bytesPerMap() {
    return product(layers, keyScales, SCALE_BYTES, branches, batch);
  }

  /** Bytes of one token in all heads of one layer. */
  private long bytesPerLayerToken() {
    long numbers = product(width, (long) keyBytes + valueBytes, branches, batch);
    return Math.addExact(numbers, product(valueScales, SCALE_BYTES, branches, batch));
  }

  private static long product(long... factors) {
    long bytes = 1;
    for (long factor : factors) {
      bytes = Math.multiplyExact(bytes, factor);
    }
    return bytes;
  }

  /**
   * Bytes of a cache that holds so many tokens per layer and head.
   *
   * @throws IllegalArgumentException if keys have scales: then {@link #bytes(long, int)} is needed
   */
  public long bytes(long tokens) {
    if (keyScales > 0) {
      throw new IllegalArgumentException(
          "memory model: number of source maps expected for keys with scales, got none");
    }
    return bytes(tokens, 0);
  }

  /**
   * Bytes of a cache that holds so many tokens per layer and head, scales included.
   *
   * @param maps source maps so far, K−1 at the end
   */
  public long bytes(long tokens, int maps) {
    if (tokens < 0 || maps < 0) {
      throw new IllegalArgumentException(
          "memory model: tokens and maps of at least 0 expected, got " + tokens + " and " + maps);
    }
    return Math.addExact(
        Math.multiplyExact(tokens, bytesPerToken()), Math.multiplyExact(maps, bytesPerMap()));
  }

  /**
   * Bytes of a cache whose heads hold different numbers of tokens.
   *
   * @param tokens of all heads of all layers together
   * @param heads number of heads H of a layer
   * @param maps source maps so far
   */
  public long bytesOfHeadTokens(long tokens, int heads, int maps) {
    return Math.addExact(
        Math.multiplyExact(tokens, bytesPerLayerToken() / heads),
        Math.multiplyExact(maps, bytesPerMap()));
  }

  /** Whole MiB of such a cache, truncated as the paper does. */
  public long mib(long tokens) {
    return bytes(tokens) / MIB;
  }

  /** Whole MiB, truncated as the paper does. */
  public static long truncatedMib(long bytes) {
    return bytes / MIB;
  }

  /**
   * The most tokens per layer and head whose cache fits; 0 where not even the scales do.
   *
   * @param bytes memory of the whole cache, at least 0
   * @param maps source maps so far, K−1 at the end
   */
  public BigInteger mostTokens(BigInteger bytes, int maps) {
    long scales = Math.multiplyExact(maps, bytesPerMap());
    return bytes
        .subtract(BigInteger.valueOf(scales))
        .max(BigInteger.ZERO)
        .divide(BigInteger.valueOf(bytesPerToken()));
  }

  /** Bytes of a full cache. */
  public long fullBytes(ScaleSchedule schedule, TokensOf of) {
    return bytes(of.tokens(schedule), of.maps(schedule));
  }

  /**
   * The most bytes that a cache of this plan comes to. While layer l attends map k, it holds its
   * tokens and the n_k new ones; then it is cut for map k+1, before layer l+1 begins:
   *
   * <pre>  max over k, l of  Σ_{i&lt;l} tokens(k+1, i) + n_k + Σ_{i≥l} tokens(k, i)</pre>
   *
   * <p>The last map is attended but not kept. Its numbers are counted in the stored formats, and
   * key scales for K−1 maps. For a uniform plan of B tokens this is L·B + n_{K-1} where no map is
   * smaller than the one before.
   *
   * @throws IllegalArgumentException if the plan has another number of layers
   */
  public long peakBytes(BudgetPlan plan) {
    if (plan.layers() != layers) {
      throw new IllegalArgumentException(
          "memory model: a plan of " + layers + " layers expected, got " + plan.layers());
    }
    int scales = plan.schedule().scales();
    long most = 0;
    long held = 0;
    for (int k = 0; k < scales; k++) {
      for (int l = 0; l < layers; l++) {
        most = Math.max(most, held + plan.schedule().tokens(k));
        held += (k + 1 < scales ? plan.tokens(k + 1, l) : 0) - plan.tokens(k, l);
      }
    }
    return Math.addExact(
        Math.multiplyExact(most, bytesPerLayerToken()),
        Math.multiplyExact(scales - 1, bytesPerMap()));
  }

  /** Percent of a full cache that so many tokens are. */
  public static double percent(long tokens, ScaleSchedule schedule, TokensOf of) {
    int full = of.tokens(schedule);
    return full == 0 ? 100 : 100.0 * tokens / full;
  }
}
