package io.scalekv.cache;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Number format of stored keys or values. */
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

  /** Returns bytes of one number, without quantisation scales. */
  public int bytes() {
    return bytes;
  }

  /** Returns the type of that name: fp32, bf16 or int8. */
  @JsonCreator
  public static CacheType parse(String name) {
    for (CacheType type : values()) {
      if (type.toString().equals(name)) {
        return type;
      }
    }
    throw new IllegalArgumentException("cache type must be fp32, bf16 or int8, got " + name);
  }

  @JsonValue
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
