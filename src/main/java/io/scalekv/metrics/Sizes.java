package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;

/** Checks of the sizes of two images or samples. */
final class Sizes {
  private Sizes() {}

  static void sameLength(String what, int a, int b) {
    Require.that(a == b, "%s: numbers must be equal, got %s and %s", what, a, b);
  }

  static void requireEqual(String metric, RgbImage a, RgbImage b) {
    Require.that(
        a.width() == b.width() && a.height() == b.height(),
        "%s: images must have one size, got %s and %s",
        metric,
        text(a),
        text(b));
  }

  static void requireSides(String metric, int least, RgbImage image) {
    Require.that(
        image.width() >= least && image.height() >= least,
        "%s: sides must be at least %s pixels, got %s",
        metric,
        least,
        text(image));
  }

  private static String text(RgbImage image) {
    return image.width() + "x" + image.height();
  }
}
