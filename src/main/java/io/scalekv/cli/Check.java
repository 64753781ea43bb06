package io.scalekv.cli;

import java.util.List;

/** Checks of option values; each message names the option, what was expected and what was given. */
final class Check {
  private Check() {}

  /** A whole number, both ends included. */
  static void range(String option, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s: a whole number from %d to %d expected, got %d"
              .formatted(option, least, most, value));
    }
  }

  /** A number, both ends included; not-a-number is refused. */
  static void range(String option, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new IllegalArgumentException(
          "%s: a number from %s to %s expected, got %s".formatted(option, least, most, value));
    }
  }

  /** One of a few words. */
  static void oneOf(String option, String value, String... words) {
    if (!List.of(words).contains(value)) {
      throw new IllegalArgumentException(
          "%s: %s expected, got %s".formatted(option, String.join(" or ", words), value));
    }
  }
}
