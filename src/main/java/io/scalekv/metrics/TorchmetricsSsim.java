package io.scalekv.metrics;

import io.scalekv.image.RgbImage;

/**
 * SSIM and MS-SSIM with the conventions of torchmetrics 1.9, for comparison with numbers made
 * there; data range 1, in float64, where torchmetrics itself computes in float32 and is off by up
 * to 3e-4. They differ from {@link Ssim} and {@link MsSsim}:
 *
 * <ul>
 *   <li>SSIM is the mean over the whole image, mirrored at its edges;
 *   <li>MS-SSIM takes five scales with the published weights, which add to 1.0001; contrast terms
 *       come from the inside, the last scale's SSIM from the mirrored image; channels are averaged
 *       at each scale before the product. Sides must be at least 176 pixels.
 * </ul>
 *
 * @see <a href="https://doi.org/10.1109/ACSSC.2003.1292216">Wang, Simoncelli, Bovik 2003,
 *     Multiscale structural similarity for image quality assessment</a>
 */
public final class TorchmetricsSsim {
  /** Shortest side of images for {@link #msSsim}. */
  private static final int LEAST_SIDE = 176;

  /** SSIM as torchmetrics computes it. */
  public static final FidelityMetric SSIM =
      FidelityMetric.ofPixels(
          "ssim_torchmetrics",
          "SSIM (torchmetrics)",
          "",
          4,
          true,
          SsimTerms.WINDOW,
          TorchmetricsSsim::ssim);

  /** MS-SSIM as torchmetrics computes it. */
  public static final FidelityMetric MS_SSIM =
      FidelityMetric.ofPixels(
          "msssim_torchmetrics",
          "MS-SSIM (torchmetrics)",
          "",
          4,
          true,
          LEAST_SIDE,
          TorchmetricsSsim::msSsim);

  private static final int MARGIN = SsimTerms.WINDOW / 2;

  /** In float32, as torchmetrics holds them. */
  private static final float[] WEIGHTS = {0.0448f, 0.2856f, 0.3001f, 0.2363f, 0.1333f};

  private TorchmetricsSsim() {}

  /**
   * Returns SSIM over the full map.
   *
   * @throws IllegalArgumentException if the sizes differ or a side has fewer than 11 pixels
   */
  public static double ssim(RgbImage a, RgbImage b) {
    Sizes.requireEqual("ssim_torchmetrics", a, b);
    Sizes.requireSides("ssim_torchmetrics", SsimTerms.WINDOW, a);
    double sum = 0;
    for (int c = 0; c < 3; c++) {
      sum += fullMap(Plane.ofChannel(a, c), Plane.ofChannel(b, c));
    }
    return sum / 3;
  }

  private static double fullMap(Plane x, Plane y) {
    return SsimTerms.of(x.reflected(MARGIN), y.reflected(MARGIN)).ssim();
  }

  /**
   * Returns MS-SSIM.
   *
   * @throws IllegalArgumentException if the sizes differ or a side has fewer than 176 pixels
   */
  public static double msSsim(RgbImage a, RgbImage b) {
    Sizes.requireEqual("msssim_torchmetrics", a, b);
    Sizes.requireSides("msssim_torchmetrics", LEAST_SIDE, a);
    int last = WEIGHTS.length - 1;
    double[] terms = new double[WEIGHTS.length];
    for (int c = 0; c < 3; c++) {
      Plane x = Plane.ofChannel(a, c);
      Plane y = Plane.ofChannel(b, c);
      for (int j = 0; j < last; j++) {
        terms[j] += SsimTerms.of(x, y).cs() / 3;
        x = x.halved();
        y = y.halved();
      }
      terms[last] += fullMap(x, y) / 3;
    }
    double product = 1;
    for (int j = 0; j <= last; j++) {
      product *= Math.pow(Math.max(0, terms[j]), WEIGHTS[j]);
    }
    return product;
  }
}
