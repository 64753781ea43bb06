package io.scalekv.weights;

import ai.djl.util.Float16Utils;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Element type of a GGUF file: blocks of numbers with common scales (ggml, {@code ggml-quants}). A
 * row consists of whole blocks, so rows can be copied without decoding. The types of llama.cpp's
 * usual files are dequantised to float32; all others are copied only.
 */
public enum GgmlType {
  F32(0, 1, 4, StoredType.F32),
  F16(1, 1, 2, StoredType.F16),
  Q4_0(2, 32, 18, null),
  Q4_1(3, 32, 20, null),
  Q5_0(6, 32, 22, null),
  Q5_1(7, 32, 24, null),
  Q8_0(8, 32, 34, null),
  Q8_1(9, 32, 36, null),
  Q2_K(10, 256, 84, null),
  Q3_K(11, 256, 110, null),
  Q4_K(12, 256, 144, null),
  Q5_K(13, 256, 176, null),
  Q6_K(14, 256, 210, null),
  Q8_K(15, 256, 292, null),
  IQ2_XXS(16, 256, 66, null),
  IQ2_XS(17, 256, 74, null),
  IQ3_XXS(18, 256, 98, null),
  IQ1_S(19, 256, 50, null),
  IQ4_NL(20, 32, 18, null),
  IQ3_S(21, 256, 110, null),
  IQ2_S(22, 256, 82, null),
  IQ4_XS(23, 256, 136, null),
  I8(24, 1, 1, StoredType.I8),
  I16(25, 1, 2, StoredType.I16),
  I32(26, 1, 4, StoredType.I32),
  I64(27, 1, 8, StoredType.I64),
  F64(28, 1, 8, StoredType.F64),
  IQ1_M(29, 256, 56, null),
  BF16(30, 1, 2, StoredType.BF16),
  TQ1_0(34, 256, 54, null),
  TQ2_0(35, 256, 66, null),
  MXFP4(39, 32, 17, null),
  NVFP4(40, 64, 36, null),
  Q1_0(41, 128, 18, null);

  private final int id;
  private final int block;
  private final int bytes;
  private final StoredType plain;

  GgmlType(int id, int block, int bytes, StoredType plain) {
    this.id = id;
    this.block = block;
    this.bytes = bytes;
    this.plain = plain;
  }

  /** Returns the type of a number in a file; null if it is unknown. */
  static GgmlType of(long id) {
    return Arrays.stream(values()).filter(t -> t.id == id).findFirst().orElse(null);
  }

  /** Returns the number in the file. */
  int id() {
    return id;
  }

  /** Returns the elements of a block. */
  public int block() {
    return block;
  }

  /** Returns the bytes of a block. */
  public int bytes() {
    return bytes;
  }

  /** Returns the type whose bytes are the same; null for types of several numbers a block. */
  StoredType plain() {
    return plain;
  }

  /** Returns whether the numbers can be read as float32. */
  boolean dequantises() {
    return switch (this) {
      case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K -> true;
      default -> false;
    };
  }

  /**
   * Dequantises one block.
   *
   * @param b little-endian
   * @param p first byte of the block
   * @param y values
   * @param o index of the block's first value
   */
  void dequantise(ByteBuffer b, int p, float[] y, int o) {
    switch (this) {
      case Q4_0, Q4_1, Q5_0, Q5_1 -> small(b, p, y, o);
      case Q8_0 -> {
        float d = half(b, p);
        for (int i = 0; i < block; i++) {
          y[o + i] = d * b.get(p + 2 + i);
        }
      }
      case Q4_K, Q5_K -> withMinima(b, p, y, o);
      case Q6_K -> sixBits(b, p, y, o);
      default -> throw new IllegalStateException(this + " cannot be dequantised");
    }
  }

  private static float half(ByteBuffer b, int at) {
    return Float16Utils.halfToFloat(b.getShort(at));
  }

  private static int u8(ByteBuffer b, int at) {
    return b.get(at) & 0xff;
  }

  /** Blocks of 32: scale, minimum (_1), fifth bits (Q5), low and high nibbles. */
  private void small(ByteBuffer b, int p, float[] y, int o) {
    boolean minimum = this == Q4_1 || this == Q5_1;
    boolean five = this == Q5_0 || this == Q5_1;
    float d = half(b, p);
    int at = p + (minimum ? 4 : 2);
    int high = five ? b.getInt(at) : 0;
    int nibbles = five ? at + 4 : at;
    int zero = minimum ? 0 : five ? 16 : 8;
    float m = minimum ? half(b, p + 2) : 0;
    for (int i = 0; i < 16; i++) {
      int q = u8(b, nibbles + i);
      y[o + i] = d * ((q & 15 | (high >>> i & 1) << 4) - zero) + m;
      y[o + 16 + i] = d * ((q >> 4 | (high >>> (i + 16) & 1) << 4) - zero) + m;
    }
  }

  /** Blocks of 256: eight groups of 32 with six-bit scales and minima. */
  private void withMinima(ByteBuffer b, int p, float[] y, int o) {
    float d = half(b, p);
    float least = half(b, p + 2);
    int scales = p + 4;
    int high = scales + 12;
    int low = this == Q5_K ? high + 32 : high;
    for (int g = 0; g < 8; g++) {
      int scale;
      int min;
      if (g < 4) {
        scale = u8(b, scales + g) & 63;
        min = u8(b, scales + g + 4) & 63;
      } else {
        int both = u8(b, scales + g + 4);
        scale = both & 15 | u8(b, scales + g - 4) >> 6 << 4;
        min = both >> 4 | u8(b, scales + g) >> 6 << 4;
      }
      for (int i = 0; i < 32; i++) {
        int q = u8(b, low + 32 * (g / 2) + i) >> 4 * (g % 2) & 15;
        int fifth = this == Q5_K ? (u8(b, high + i) >> g & 1) << 4 : 0;
        y[o + 32 * g + i] = d * scale * (q + fifth) - least * min;
      }
    }
  }

  /** Blocks of 256: low nibbles, upper pairs of bits, 16 scales, common scale. */
  private static void sixBits(ByteBuffer b, int p, float[] y, int o) {
    float d = half(b, p + 208);
    for (int i = 0; i < 256; i++) {
      int part = i / 128;
      int group = i % 128 / 32;
      int lane = i % 32;
      int low = u8(b, p + 64 * part + 32 * (group % 2) + lane) >> 4 * (group / 2) & 15;
      int upper = u8(b, p + 128 + 32 * part + lane) >> 2 * group & 3;
      int scale = b.get(p + 192 + 8 * part + 2 * group + lane / 16);
      y[o + i] = d * scale * ((low | upper << 4) - 32);
    }
  }
}
