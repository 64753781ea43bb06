package io.scalekv.cache;

import java.util.Locale;

/** How the numbers of stored keys or values are kept. */
public enum CacheType {
  /** IEEE 754 binary32. */
  FP32(4),
  /** The upper half of a binary32, rounded to nearest even. */
  BF16(2),
  /**
   * Signed bytes with float32 scales, symmetric: keys share a scale per head channel and source
   * map, values per token and head (KIVI, Liu et al., arXiv 2402.02750, section 3, without its zero
   * points).
   */
  INT8(1);

  private final int bytes;

  CacheType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one number, scales not counted. */
  public int bytes() {
    return bytes;
  }

  /** The type of that name: fp32, bf16 or int8. */
  public static CacheType parse(String name) {
    return switch (name) {
      case "fp32" -> FP32;
      case "bf16" -> BF16;
      case "int8" -> INT8;
      default ->
          throw new IllegalArgumentException(
              "cache type: fp32, bf16 or int8 expected, got '" + name + "'");
    };
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
