package io.scalekv.metrics;

import io.scalekv.io.Require;

/** The check that all paired measures share. */
final class PairedValues {
  private PairedValues() {}

  static void sameLength(String what, int a, int b) {
    Require.that(a == b, "%s: numbers must be equal, got %s and %s", what, a, b);
  }
}
