package io.scalekv.io;

import java.util.Collection;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

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

  /**
   * Finds the value of a word.
   *
   * @param name word of a value
   * @return the first value whose word it is
   * @throws IllegalArgumentException that lists the words if it is none of them
   */
  public static <T> T oneOf(
      String subject, String word, Collection<? extends T> values, Function<T, String> name) {
    for (T value : values) {
      if (name.apply(value).equals(word)) {
        return value;
      }
    }
    String words = values.stream().map(v -> name.apply(v)).collect(Collectors.joining(", "));
    throw new IllegalArgumentException(subject + " must be one of " + words + ", got " + word);
  }
}
