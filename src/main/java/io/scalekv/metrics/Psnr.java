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

  /**
   * PSNR of the mean squared error over all images, identical ones too, as {@link #ofMeanError}
   * gives it: what results are ranked by, as the mean PSNR leaves identical images out. A single
   * pair has none.
   */
  public static final Metric OF_MEAN_MSE =
      new FidelityMetric.Simple(
          "psnr-of-mean-mse",
          "PSNR of mean MSE",
          METRIC.unit(),
          METRIC.digits(),
          true,
          Metric.Net.NONE,
          1,
          p -> Double.NaN);

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
    return db(mean);
  }

  /**
   * Returns the ratio in dB of the mean squared error over all images with its interval over
   * prompts; {@code infinite} counts the images where all are identical and is 0 elsewhere. There
   * is no interval where a resample can be identical throughout.
   *
   * @param db ratios, [prompt][image]
   */
  public static Interval ofMeanError(double[][] db) {
    Interval mse =
        Bootstrap.withSeed(0)
            .mean(
                Arrays.stream(db)
                    .map(p -> Arrays.stream(p).map(v -> Math.pow(10, -v / 10)).toArray())
                    .toArray(double[][]::new));
    if (mse.mean() == 0) {
      return new Interval(Double.NaN, Double.NaN, Double.NaN, 0, mse.n());
    }
    boolean ends = mse.low() > 0;
    return new Interval(
        db(mse.mean()),
        ends ? db(mse.high()) : Double.NaN,
        ends ? db(mse.low()) : Double.NaN,
        mse.n(),
        0);
  }

  private static double db(double mse) {
    return -10 * Math.log10(mse);
  }
}
