package io.scalekv.metrics;

import io.scalekv.image.RgbImage;

/** What the metrics ask of the sizes of two images. */
final class Sizes {
  private Sizes() {}

  static void requireEqual(String metric, RgbImage a, RgbImage b) {
    if (a.width() != b.width() || a.height() != b.height()) {
      throw new IllegalArgumentException(
          metric + ": images of one size expected, got " + text(a) + " and " + text(b));
    }
  }

  static void requireSides(String metric, int least, RgbImage image) {
    if (image.width() < least || image.height() < least) {
      throw new IllegalArgumentException(
          metric + ": sides of at least " + least + " pixels expected, got " + text(image));
    }
  }

  private static String text(RgbImage image) {
    return image.width() + "x" + image.height();
  }
}
