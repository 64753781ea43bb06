package io.scalekv.cache;

/**
 * Memory of a KV cache by formula (Li et al., ScaleKV, table 1):
 *
 * <pre>  bytes = tokens · L · C · (bytes(K) + bytes(V)) · branches · batch</pre>
 *
 * @param layers number of layers L
 * @param width channels of a layer C, all heads together
 * @param keyBytes bytes of one stored key number
 * @param valueBytes bytes of one stored value number
 * @param branches 2 with classifier-free guidance, else 1
 * @param batch images made at once
 */
public record MemoryModel(
    int layers, int width, int keyBytes, int valueBytes, int branches, int batch) {
  private static final long MIB = 1L << 20;

  /** Checks that every factor is positive. */
  public MemoryModel {
    positive("layers", layers);
    positive("width", width);
    positive("bytes of a key", keyBytes);
    positive("bytes of a value", valueBytes);
    positive("branches", branches);
    positive("batch", batch);
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

  /** Bytes of one token per layer and head, over all layers, branches and images. */
  public long bytesPerToken() {
    return bytes(1);
  }

  /** Bytes of a cache that holds so many tokens per layer and head. */
  public long bytes(long tokens) {
    if (tokens < 0) {
      throw new IllegalArgumentException(
          "memory model: tokens of at least 0 expected, got " + tokens);
    }
    long bytes = tokens;
    for (long factor : new long[] {layers, width, (long) keyBytes + valueBytes, branches, batch}) {
      bytes = Math.multiplyExact(bytes, factor);
    }
    return bytes;
  }

  /** Whole MiB of such a cache, truncated as the paper does. */
  public long mib(long tokens) {
    return bytes(tokens) / MIB;
  }

  /** Bytes of a full cache. */
  public long fullBytes(ScaleSchedule schedule, TokensOf of) {
    return bytes(of.tokens(schedule));
  }

  /** Percent of a full cache that so many tokens are. */
  public static double percent(long tokens, ScaleSchedule schedule, TokensOf of) {
    int full = of.tokens(schedule);
    return full == 0 ? 100 : 100.0 * tokens / full;
  }
}
