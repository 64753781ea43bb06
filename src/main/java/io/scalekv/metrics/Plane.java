package io.scalekv.metrics;

import io.scalekv.image.RgbImage;

/** One channel of an image as row-major doubles. */
record Plane(int width, int height, double[] values) {
  /** Returns the channel {@code c} (0 red, 1 green, 2 blue) in 0..1. */
  static Plane ofChannel(RgbImage image, int c) {
    byte[] rgb = image.rgb();
    double[] values = new double[rgb.length / 3];
    for (int i = 0; i < values.length; i++) {
      values[i] = (rgb[3 * i + c] & 0xff) / 255.0;
    }
    return new Plane(image.width(), image.height(), values);
  }

  /** Returns the value by value, of two planes of one size. */
  Plane times(Plane other) {
    double[] product = new double[values.length];
    for (int i = 0; i < product.length; i++) {
      product[i] = values[i] * other.values[i];
    }
    return new Plane(width, height, product);
  }

  /** Returns means of the 2×2 squares side by side; an odd last row or column is dropped. */
  Plane halved() {
    int w = width / 2;
    int h = height / 2;
    double[] half = new double[w * h];
    for (int y = 0; y < h; y++) {
      int top = 2 * y * width;
      int below = top + width;
      for (int x = 0; x < w; x++) {
        double upper = values[top + 2 * x] + values[top + 2 * x + 1];
        double lower = values[below + 2 * x] + values[below + 2 * x + 1];
        half[y * w + x] = (upper + lower) / 4;
      }
    }
    return new Plane(w, h, half);
  }

  /**
   * Correlation with a separable window, only where it lies inside: {@code taps.length - 1} columns
   * and rows fewer.
   */
  Plane filteredInside(double[] taps) {
    int w = width - taps.length + 1;
    int h = height - taps.length + 1;
    double[] rows = new double[w * height];
    for (int y = 0; y < height; y++) {
      for (int k = 0; k < taps.length; k++) {
        addScaled(rows, y * w, values, y * width + k, taps[k], w);
      }
    }
    double[] out = new double[w * h];
    for (int y = 0; y < h; y++) {
      for (int k = 0; k < taps.length; k++) {
        addScaled(out, y * w, rows, (y + k) * w, taps[k], w);
      }
    }
    return new Plane(w, h, out);
  }

  private static void addScaled(
      double[] to, int at, double[] from, int start, double factor, int count) {
    for (int i = 0; i < count; i++) {
      to[at + i] += factor * from[start + i];
    }
  }
}
