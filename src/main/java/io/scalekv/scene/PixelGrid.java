package io.scalekv.scene;

import io.scalekv.image.RgbImage;

/**
 * Pixels of a square image as numbers, and their distances to colours.
 *
 * @param side pixels in a row and in a column
 * @param values {@code 3 * side * side} channel values, 0 to 255, interleaved, row-major
 */
record PixelGrid(int side, float[] values) {
  static PixelGrid of(RgbImage image) {
    byte[] rgb = image.rgb();
    float[] values = new float[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      values[i] = rgb[i] & 0xff;
    }
    return new PixelGrid(image.width(), values);
  }

  /** Returns the number of pixels. */
  int pixels() {
    return side * side;
  }

  /** Returns channel {@code c} of pixel {@code i}. */
  float value(int i, int c) {
    return values[3 * i + c];
  }

  /**
   * Returns the squared distance of pixel {@code i} to the straight line from a colour to its
   * variant.
   */
  double squaredDistance(int i, Colour colour) {
    double t = Math.max(0, Math.min(1, shade(i, colour)));
    double sum = 0;
    for (int c = 0; c < 3; c++) {
      double d = value(i, c) - colour.pure(c) - t * (colour.variant(c) - colour.pure(c));
      sum += d * d;
    }
    return sum;
  }

  /**
   * Returns the position of the projection of pixel {@code i} on that line: 0 at the pure colour, 1
   * at the variant.
   */
  double shade(int i, Colour colour) {
    double dot = 0;
    double length = 0;
    for (int c = 0; c < 3; c++) {
      double d = colour.variant(c) - colour.pure(c);
      dot += (value(i, c) - colour.pure(c)) * d;
      length += d * d;
    }
    return dot / length;
  }
}
