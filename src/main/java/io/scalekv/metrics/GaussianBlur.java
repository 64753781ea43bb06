package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;

/**
 * Gaussian blur of the bytes of an image, channel by channel: separable, cut off at four standard
 * deviations and normalised to 1, the edge pixels repeated outside, rounded once at the end.
 */
public final class GaussianBlur {
  private static final double CUT = 4;

  private GaussianBlur() {}

  /**
   * Returns the blurred image.
   *
   * @param sigma standard deviation in pixels, above 0
   * @throws IllegalArgumentException if it is not a positive number
   */
  public static RgbImage of(RgbImage image, double sigma) {
    Require.that(
        sigma > 0 && !Double.isInfinite(sigma),
        "blur: sigma must be positive and finite, got %s",
        sigma);
    int width = image.width();
    int height = image.height();
    double[] taps = taps((int) Math.ceil(CUT * sigma), sigma);
    byte[] rgb = image.rgb();
    double[] values = new double[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      values[i] = rgb[i] & 0xff;
    }
    // a row is width pixels 3 values apart; a column is height pixels 3 * width values apart
    double[] rows = along(values, taps, width, 3, height, 3 * width);
    double[] both = along(rows, taps, height, 3 * width, width, 3);
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (int) (both[i] + 0.5);
    }
    return RgbImage.of(width, height, rgb);
  }

  /** Returns the weights of 2 · reach + 1 pixels, which add to 1. */
  static double[] taps(int reach, double sigma) {
    double[] taps = new double[2 * reach + 1];
    double sum = 0;
    for (int i = 0; i < taps.length; i++) {
      int r = i - reach;
      taps[i] = Math.exp(-r * r / (2 * sigma * sigma));
      sum += taps[i];
    }
    for (int i = 0; i < taps.length; i++) {
      taps[i] /= sum;
    }
    return taps;
  }

  /**
   * Filters lines of {@code length} pixels {@code step} apart; the lines are {@code next} apart.
   */
  private static double[] along(
      double[] from, double[] taps, int length, int step, int lines, int next) {
    int reach = taps.length / 2;
    double[] to = new double[from.length];
    for (int line = 0; line < lines; line++) {
      for (int c = 0; c < 3; c++) {
        int start = line * next + c;
        for (int i = 0; i < length; i++) {
          double sum = 0;
          for (int k = 0; k < taps.length; k++) {
            int at = Math.max(0, Math.min(length - 1, i + k - reach));
            sum += taps[k] * from[start + at * step];
          }
          to[start + i * step] = sum;
        }
      }
    }
    return to;
  }
}
