package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import java.util.stream.IntStream;

/** One channel of an image as row-major doubles. */
record Plane(int width, int height, double[] values) {
  /** Values of bytes in 0..1. */
  private static final double[] UNIT =
      IntStream.range(0, 256).mapToDouble(i -> i / 255.0).toArray();

  /** Returns the channel {@code c} (0 red, 1 green, 2 blue) in 0..1. */
  static Plane ofChannel(RgbImage image, int c) {
    byte[] rgb = image.rgb();
    double[] values = new double[rgb.length / 3];
    for (int i = 0; i < values.length; i++) {
      values[i] = UNIT[rgb[3 * i + c] & 0xff];
    }
    return new Plane(image.width(), image.height(), values);
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

  /** Returns the plane with a margin that mirrors it at its edge pixels, which are not repeated. */
  Plane reflected(int margin) {
    int w = width + 2 * margin;
    int h = height + 2 * margin;
    double[] wide = new double[w * h];
    for (int y = 0; y < h; y++) {
      int row = mirrored(y - margin, height) * width;
      for (int x = 0; x < w; x++) {
        wide[y * w + x] = values[row + mirrored(x - margin, width)];
      }
    }
    return new Plane(w, h, wide);
  }

  private static int mirrored(int at, int length) {
    int positive = Math.abs(at);
    return positive < length ? positive : 2 * (length - 1) - positive;
  }
}
