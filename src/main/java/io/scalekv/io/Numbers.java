package io.scalekv.io;

import java.util.regex.Pattern;

/**
 * Numbers as people type them: ASCII digits, a point, an exponent. What Java reads besides ({@code
 * 1f}, {@code 0x1p3}, {@code NaN}, {@code Infinity}, digits of other scripts) is no number here.
 */
public final class Numbers {
  private static final Pattern REAL =
      Pattern.compile("[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?");
  private static final Pattern WHOLE = Pattern.compile("[-+]?[0-9]+");

  private Numbers() {}

  /** Returns whether a text is a finite number. */
  public static boolean isReal(String text) {
    return REAL.matcher(text).matches() && Double.isFinite(Double.parseDouble(text));
  }

  /**
   * Reads a finite number, such as {@code 0.5} or {@code 1e3}.
   *
   * @throws NumberFormatException if it is none
   */
  public static double real(String text) {
    if (!isReal(text)) {
      throw new NumberFormatException("must be a number such as 0.5 or 1e3, got " + text);
    }
    return Double.parseDouble(text);
  }

  /**
   * Reads a whole number of 64 bits.
   *
   * @throws NumberFormatException if it is none
   */
  public static long whole(String text) {
    try {
      if (WHOLE.matcher(text).matches()) {
        return Long.parseLong(text);
      }
    } catch (NumberFormatException e) {
      // the same message as for a text
    }
    throw new NumberFormatException("must be a whole number, got " + text);
  }

  /**
   * Returns a sum of two counts.
   *
   * @throws IllegalArgumentException if it exceeds 63 bits
   */
  public static long sum(String subject, long a, long b) {
    try {
      return Math.addExact(a, b);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "sum of %s must be below 2^63, got %d + %d".formatted(subject, a, b), e);
    }
  }

  /**
   * Reads a whole number of 32 bits.
   *
   * @throws NumberFormatException if it is none
   */
  public static int integer(String text) {
    long value = whole(text);
    if (value != (int) value) {
      throw new NumberFormatException(
          "must be a whole number from %d to %d, got %s"
              .formatted(Integer.MIN_VALUE, Integer.MAX_VALUE, text));
    }
    return (int) value;
  }
}
