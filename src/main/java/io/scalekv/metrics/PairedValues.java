package io.scalekv.metrics;

/** The check that all paired measures share. */
final class PairedValues {
  private PairedValues() {}

  static void sameLength(String what, int a, int b) {
    if (a != b) {
      throw new IllegalArgumentException(what + ": equal numbers expected, got " + a + " and " + b);
    }
  }
}
