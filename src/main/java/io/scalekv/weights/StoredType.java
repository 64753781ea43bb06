package io.scalekv.weights;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;

/**
 * Element type of a safetensors file, in the order in which the library of the format stores them.
 * The name of the constant is the name in the file. Types that the native engine does not support
 * safely are widened in memory, to {@link #loaded()}.
 *
 * @see <a href="https://github.com/huggingface/safetensors">safetensors format</a>
 */
public enum StoredType {
  /** 64-bit unsigned integer; can be copied, not loaded. */
  U64(8, null),
  /** 64-bit signed integer. */
  I64(8, DataType.INT64),
  /** IEEE 754 binary64. */
  F64(8, DataType.FLOAT64),
  /** Pair of binary32 numbers; can be copied, not loaded. */
  C64(8, null),
  /** IEEE 754 binary32. */
  F32(4, DataType.FLOAT32),
  /** 32-bit unsigned integer, widened to 64 bits when loaded. */
  U32(4, DataType.INT64),
  /** 32-bit signed integer. */
  I32(4, DataType.INT32),
  /** The upper half of a binary32, widened to 32 bits when loaded. */
  BF16(2, DataType.FLOAT32),
  /** IEEE 754 binary16, widened to 32 bits when loaded. */
  F16(2, DataType.FLOAT32),
  /** 16-bit unsigned integer, widened to 32 bits when loaded. */
  U16(2, DataType.INT32),
  /** 16-bit signed integer, widened to 32 bits when loaded. */
  I16(2, DataType.INT32),
  /** 8-bit power of two; can be copied, not loaded. */
  F8_E8M0(1, null),
  /** 8-bit float: 4 bits of exponent, 3 of fraction, no infinity; widened when loaded. */
  F8_E4M3(1, DataType.FLOAT32),
  /** 8-bit float, the upper half of a binary16; widened when loaded. */
  F8_E5M2(1, DataType.FLOAT32),
  /** 8-bit signed integer, widened to 32 bits when loaded. */
  I8(1, DataType.INT32),
  /** 8-bit unsigned integer, widened to 32 bits when loaded. */
  U8(1, DataType.INT32),
  /** One byte, 0 or 1, widened to 32 bits when loaded. */
  BOOL(1, DataType.INT32),
  /** Any other type: its tensors have a name and a shape, but no values. */
  OTHER(1, null);

  private final int width;
  private final DataType loaded;

  StoredType(int width, DataType loaded) {
    this.width = width;
    this.loaded = loaded;
  }

  /** Returns the bytes per element in the file. */
  public int width() {
    return width;
  }

  /** Returns the bytes of a tensor in the file; an error beyond 63 bits. */
  long byteLength(long... shape) {
    boolean empty = Arrays.stream(shape).anyMatch(size -> size == 0);
    return empty ? 0 : Arrays.stream(shape).reduce(width, Math::multiplyExact);
  }

  /**
   * Returns the element type of the array that {@link TensorSource#load} returns; null for types
   * that are copied only.
   */
  public DataType loaded() {
    return loaded;
  }

  /** Returns whether the elements are integers or truth values that can be loaded. */
  public boolean isInteger() {
    return loaded != null && !isFloating();
  }

  /** Returns whether the elements are floating-point numbers that can be loaded. */
  public boolean isFloating() {
    return isWeight() || this == F64 || this == F8_E4M3 || this == F8_E5M2;
  }

  /** Returns whether a model's weights may have this type: F32, F16 or BF16. */
  public boolean isWeight() {
    return this == F32 || this == F16 || this == BF16;
  }
}
