package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.util.Float16Utils;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class HalfPrecisionTest {
  /** A 16-bit format described by its field widths, evaluated with plain double arithmetic. */
  enum Format {
    F16(5, 10),
    BF16(8, 7);

    final int exponentBits;
    final int fractionBits;
    final double[] finite;

    Format(int exponentBits, int fractionBits) {
      this.exponentBits = exponentBits;
      this.fractionBits = fractionBits;
      int infinity = ((1 << exponentBits) - 1) << fractionBits;
      this.finite = IntStream.range(0, infinity).mapToDouble(this::value).toArray();
    }

    double value(int bits) {
      int bias = (1 << exponentBits - 1) - 1;
      int exponent = bits >> fractionBits & (1 << exponentBits) - 1;
      double fraction = (bits & (1 << fractionBits) - 1) / (double) (1 << fractionBits);
      double sign = (bits & 0x8000) == 0 ? 1 : -1;
      if (exponent == (1 << exponentBits) - 1) {
        return fraction == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
      }
      return exponent == 0
          ? sign * fraction * Math.pow(2, 1 - bias)
          : sign * (1 + fraction) * Math.pow(2, exponent - bias);
    }

    /** Nearest, ties to even, by looking at the two neighbours. */
    int nearest(float value) {
      int sign = Float.floatToRawIntBits(value) >>> 16 & 0x8000;
      double magnitude = Math.abs((double) value);
      int at = Arrays.binarySearch(finite, magnitude);
      if (at >= 0) {
        return sign | at;
      }
      int above = -at - 1;
      int below = above - 1;
      // The step over the largest finite value decides about infinity.
      double next =
          above < finite.length
              ? finite[above]
              : 2 * finite[finite.length - 1] - finite[finite.length - 2];
      double toBelow = magnitude - finite[below];
      double toAbove = next - magnitude;
      boolean up = toAbove < toBelow || toAbove == toBelow && (above & 1) == 0;
      return sign | (up ? above : below);
    }

    short narrow(float value) {
      return this == F16 ? HalfPrecision.toF16(value) : HalfPrecision.toBf16(value);
    }

    float widen(short bits) {
      return this == F16 ? Float16Utils.halfToFloat(bits) : HalfPrecision.fromBf16(bits);
    }

    void check(float value) {
      if (Float.isNaN(value)) {
        assertTrue(Float.isNaN(widen(narrow(value))), () -> "NaN lost: " + value);
      } else {
        assertEquals(
            Integer.toHexString(nearest(value)),
            Integer.toHexString(narrow(value) & 0xffff),
            () -> this + " of " + Float.toHexString(value));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyPatternWidensToItsValueAndBack(Format format) {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float widened = format.widen((short) bits);
      double expected = format.value(bits);
      assertEquals(expected, widened);
      assertEquals(bits >>> 15, Float.floatToRawIntBits(widened) >>> 31);
      format.check(widened);
    }
  }

  @ParameterizedTest
  @EnumSource
  void tiesAndTheirNeighboursRoundAsTheOracleDoes(Format format) {
    for (int bits = 0; bits < format.finite.length; bits++) {
      double low = format.finite[bits];
      double high =
          bits + 1 < format.finite.length
              ? format.finite[bits + 1]
              : 2 * low - format.finite[bits - 1];
      float tie = (float) ((low + high) / 2);
      for (float value : new float[] {tie, Math.nextUp(tie), Math.nextDown(tie)}) {
        format.check(value);
        format.check(-value);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void randomPatternsRoundAsTheOracleDoes(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 50_000; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      float inF16Range = (random.nextFloat() - 0.5f) * (float) Math.pow(2, random.nextInt(45) - 27);
      for (Format format : Format.values()) {
        format.check(value);
        format.check(inF16Range);
      }
    }
  }

  @Test
  void specialValues() {
    float[] values = {
      0f,
      -0f,
      Float.MIN_VALUE,
      -Float.MIN_VALUE,
      Float.MIN_NORMAL,
      Float.MAX_VALUE,
      -Float.MAX_VALUE,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.NaN,
      Float.intBitsToFloat(0x7f800001),
      Float.intBitsToFloat(0xff800001),
      Float.intBitsToFloat(0x7fffffff),
      65504f,
      65519.996f,
      65520f,
      0x1p-24f,
      0x1p-25f,
      0x1.1p-25f
    };
    for (float value : values) {
      Format.F16.check(value);
      Format.BF16.check(value);
    }
    assertEquals(0x3f80, HalfPrecision.toBf16(1f));
    assertEquals(0x3f80, HalfPrecision.toBf16(1.00390625f), "1 + 2^-8 is a tie: to even, down");
    assertEquals(0x3f82, HalfPrecision.toBf16(1.01171875f), "1 + 3·2^-8 is a tie: to even, up");
    assertEquals(0x3c00, HalfPrecision.toF16(1f));
    assertEquals(0x7bff, HalfPrecision.toF16(65504f));
    assertEquals(0x7c00, HalfPrecision.toF16(65520f));
  }
}
