package io.scalekv.metrics;

import io.scalekv.image.RgbImage;

/**
 * Structural similarity: the mean over positions of
 *
 * <pre>(2·mx·my + C1)(2·cov + C2) / ((mx² + my² + C1)(var x + var y + C2))</pre>
 *
 * with means, population variances and covariance under a Gaussian window of 11×11 pixels and
 * standard deviation 1.5, values in 0..1, C1 = 0.01², C2 = 0.03². Positions whose window leaves the
 * image do not count. No unit; 1 for identical images, below 1 otherwise, symmetric; negative where
 * the structure is inverted.
 *
 * @see <a href="https://doi.org/10.1109/TIP.2003.819861">Wang, Bovik, Sheikh, Simoncelli 2004,
 *     Image quality assessment: from error visibility to structural similarity, section III.B</a>
 */
public final class Ssim {
  /** SSIM as a metric. */
  public static final FidelityMetric METRIC =
      FidelityMetric.ofPixels("ssim", "SSIM", "", 4, true, SsimTerms.WINDOW, Ssim::of);

  private Ssim() {}

  /**
   * Returns the mean of the similarities of red, green and blue.
   *
   * @throws IllegalArgumentException if the sizes differ or a side has fewer than 11 pixels
   */
  public static double of(RgbImage a, RgbImage b) {
    double[] s = channels(a, b);
    return (s[0] + s[1] + s[2]) / 3;
  }

  /**
   * Returns the similarities of red, green and blue.
   *
   * @throws IllegalArgumentException if the sizes differ or a side has fewer than 11 pixels
   */
  public static double[] channels(RgbImage a, RgbImage b) {
    Sizes.requireEqual("ssim", a, b);
    Sizes.requireSides("ssim", SsimTerms.WINDOW, a);
    double[] s = new double[3];
    for (int c = 0; c < 3; c++) {
      s[c] = SsimTerms.of(Plane.ofChannel(a, c), Plane.ofChannel(b, c)).ssim();
    }
    return s;
  }
}
