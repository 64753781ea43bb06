package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import java.util.Arrays;

/**
 * Peak signal-to-noise ratio of two images: −10·log10 of the mean, over all pixels and channels, of
 * the squared difference of values in 0..1.
 */
public final class Psnr {
  /** PSNR as a metric. */
  public static final FidelityMetric METRIC =
      FidelityMetric.ofPixels("psnr", "PSNR", "dB", 2, true, 1, Psnr::db);

  private static final double PEAK = 255;

  private Psnr() {}

  /**
   * Returns the ratio in dB; +∞ for identical images.
   *
   * @throws IllegalArgumentException if the sizes differ
   */
  public static double db(RgbImage a, RgbImage b) {
    Sizes.requireEqual("psnr", a, b);
    byte[] x = a.rgb();
    byte[] y = b.rgb();
    long sum = 0;
    for (int i = 0; i < x.length; i++) {
      int d = (x[i] & 0xff) - (y[i] & 0xff);
      int square = d * d;
      sum += square;
    }
    return -10 * Math.log10(sum / (PEAK * PEAK * x.length));
  }

  /**
   * Returns the ratio in dB of the mean squared error of several images, identical ones included;
   * +∞ if all are, NaN if there are none.
   *
   * @param db ratios of the images
   */
  public static double ofMeanError(double... db) {
    double mean = Arrays.stream(db).map(v -> Math.pow(10, -v / 10)).average().orElse(Double.NaN);
    return -10 * Math.log10(mean);
  }
}
