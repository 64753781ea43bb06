package io.scalekv.cli;

import io.scalekv.io.Require;
import java.util.List;

/** Checks of option values; each message names the option, the condition and the value. */
final class Check {
  private Check() {}

  /** Checks a whole number, both ends included. */
  static void range(String option, long value, long least, long most) {
    Require.between(option, value, least, most);
  }

  /** Checks a number, both ends included; not-a-number is refused. */
  static void range(String option, double value, double least, double most) {
    Require.between(option, value, least, most);
  }

  /** Checks that a word is one of a few. */
  static void oneOf(String option, String value, String... words) {
    Require.that(
        List.of(words).contains(value),
        "%s must be %s, got %s",
        option,
        String.join(" or ", words),
        value);
  }
}
