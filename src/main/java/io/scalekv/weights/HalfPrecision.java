package io.scalekv.weights;

/**
 * Bit patterns of the 16-bit and 8-bit floating-point types. Narrowing rounds to nearest, ties to
 * even; a value beyond the largest finite one becomes infinite; NaN stays NaN.
 */
final class HalfPrecision {
  private HalfPrecision() {}

  /** Converts bfloat16 bits: the upper 16 bits of a binary32. Exact. */
  static float fromBf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** Converts to the nearest bfloat16. A NaN keeps its sign and upper payload and becomes quiet. */
  static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  /**
   * Converts 8 bits with 4 of exponent (bias 7) and 3 of fraction; all ones but the sign is NaN.
   * Exact.
   */
  static float fromE4m3(byte bits) {
    int exponent = bits >>> 3 & 0xf;
    int fraction = bits & 7;
    float magnitude =
        (bits & 0x7f) == 0x7f
            ? Float.NaN
            : exponent == 0
                ? fraction * 0x1p-9f
                : Float.intBitsToFloat(exponent + 120 << 23 | fraction << 20);
    return bits < 0 ? -magnitude : magnitude;
  }

  /** Converts to the nearest binary16. A NaN keeps its sign and upper payload and becomes quiet. */
  static short toF16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      return (short) (sign | 0x7e00 | magnitude >>> 13 & 0x1ff);
    }
    if (magnitude >= 0x477ff000) { // 65520 and above: past half a step over the largest, 65504
      return (short) (sign | 0x7c00);
    }
    if (magnitude < 0x38800000) { // below 2^-14: subnormal steps of 2^-24
      // Adding 0.5 makes the sum's last bit worth 2^-24, so the addition itself rounds.
      int sum = Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + 0.5f);
      return (short) (sign | sum - 0x3f000000);
    }
    int rounded = magnitude + 0xfff + (magnitude >>> 13 & 1);
    return (short) (sign | (rounded >>> 13) - (112 << 10));
  }
}
