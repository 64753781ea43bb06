package io.scalekv.cache;

import java.util.Locale;

/** Number format of stored keys or values. */
public enum StoredType {
  /** 4 bytes a number. */
  FP32(4),
  /** 2 bytes a number. */
  BF16(2),
  /** 1 byte a number, and float32 scales beside them (see {@link MemoryModel}). */
  INT8(1);

  private final int bytes;

  StoredType(int bytes) {
    this.bytes = bytes;
  }

  /** The type called {@code fp32}, {@code bf16} or {@code int8}. */
  public static StoredType parse(String name) {
    for (StoredType type : values()) {
      if (type.word().equals(name)) {
        return type;
      }
    }
    throw new IllegalArgumentException("stored type: fp32, bf16 or int8 expected, got " + name);
  }

  /** Bytes of one number, without scales. */
  public int bytes() {
    return bytes;
  }

  /** The name in files and on the command line. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
