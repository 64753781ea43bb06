package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;

/**
 * Structural similarity over several scales: per channel
 *
 * <pre>max(ssim_M, 0)^w_M · product over scales j = 1..M−1 of max(cs_j, 0)^w_j</pre>
 *
 * then the mean of the channels; ssim and cs are the mean similarity and its contrast-structure
 * factor as in {@link Ssim}, scale 1 is the image itself, each further scale the means of 2×2
 * pixels (an odd last row or column is dropped). M is the largest number up to 5 whose coarsest
 * scale has sides of at least 11 pixels; the weights are the first M of 0.0448, 0.2856, 0.3001,
 * 0.2363, 0.1333 divided by their sum. With M below 5 the number is not comparable with that of a
 * larger image. No unit, 0 to 1; 1 for identical images; symmetric.
 *
 * @see <a href="https://doi.org/10.1109/ACSSC.2003.1292216">Wang, Simoncelli, Bovik 2003,
 *     Multiscale structural similarity for image quality assessment, section 3</a>
 */
public final class MsSsim {
  /** MS-SSIM as a metric. */
  public static final FidelityMetric METRIC =
      FidelityMetric.ofPixels("ms-ssim", "MS-SSIM", "", 4, true, SsimTerms.WINDOW, MsSsim::of);

  private static final double[] WEIGHTS = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

  private MsSsim() {}

  /**
   * Returns the number of scales for images of that size, 1 to 5.
   *
   * @throws IllegalArgumentException if a side has fewer than 11 pixels
   */
  public static int scales(int width, int height) {
    int side = Math.min(width, height);
    Require.that(
        side >= SsimTerms.WINDOW,
        "ms-ssim: sides must be at least %s pixels, got %sx%s",
        SsimTerms.WINDOW,
        width,
        height);
    int m = 1;
    while (m < WEIGHTS.length && side >> m >= SsimTerms.WINDOW) {
      m++;
    }
    return m;
  }

  /** Returns the weights of {@code scales} scales, finest first; they add to 1. */
  static double[] weights(int scales) {
    double sum = 0;
    for (int j = 0; j < scales; j++) {
      sum += WEIGHTS[j];
    }
    double[] weights = new double[scales];
    for (int j = 0; j < scales; j++) {
      weights[j] = WEIGHTS[j] / sum;
    }
    return weights;
  }

  /**
   * Returns the mean of the three channels.
   *
   * @throws IllegalArgumentException if the sizes differ or a side has fewer than 11 pixels
   */
  public static double of(RgbImage a, RgbImage b) {
    Sizes.requireEqual("ms-ssim", a, b);
    double[] weights = weights(scales(a.width(), a.height()));
    double sum = 0;
    for (int c = 0; c < 3; c++) {
      sum += channel(Plane.ofChannel(a, c), Plane.ofChannel(b, c), weights);
    }
    return sum / 3;
  }

  private static double channel(Plane finestX, Plane finestY, double[] weights) {
    Plane x = finestX;
    Plane y = finestY;
    double product = 1;
    for (int j = 0; j < weights.length; j++) {
      SsimTerms terms = SsimTerms.of(x, y);
      boolean last = j == weights.length - 1;
      product *= Math.pow(Math.max(0, last ? terms.ssim() : terms.cs()), weights[j]);
      if (!last) {
        x = x.halved();
        y = y.halved();
      }
    }
    return product;
  }
}
