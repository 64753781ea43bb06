package io.scalekv.io;

import java.util.Locale;

/** Argument checks in one line each; every message says what must hold and echoes the value. */
public final class Require {
  private Require() {}

  /**
   * Checks a condition.
   *
   * @param message format of the message, such as {@code "layers must be at least 1, got %d"}
   * @param values arguments of the format
   * @throws IllegalArgumentException with the formatted message if the condition is false
   */
  public static void that(boolean condition, String message, Object... values) {
    if (!condition) {
      throw new IllegalArgumentException(String.format(Locale.ROOT, message, values));
    }
  }

  /**
   * Checks a range, both ends included.
   *
   * @return the value
   * @throws IllegalArgumentException if the value is outside
   */
  public static long between(String subject, long value, long least, long most) {
    that(
        value >= least && value <= most,
        "%s must be between %d and %d, got %d",
        subject,
        least,
        most,
        value);
    return value;
  }

  /**
   * Checks a range, both ends included; NaN is outside.
   *
   * @return the value
   * @throws IllegalArgumentException if the value is outside
   */
  public static double between(String subject, double value, double least, double most) {
    that(
        value >= least && value <= most,
        "%s must be between %s and %s, got %s",
        subject,
        least,
        most,
        value);
    return value;
  }

  /**
   * Checks a lower bound.
   *
   * @return the value
   * @throws IllegalArgumentException if the value is smaller
   */
  public static int atLeast(String subject, int value, int least) {
    that(value >= least, "%s must be at least %d, got %d", subject, least, value);
    return value;
  }
}
