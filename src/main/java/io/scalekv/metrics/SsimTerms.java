package io.scalekv.metrics;

/**
 * The two means that SSIM and MS-SSIM are made of, for one channel at one scale. Moments are
 * population moments under a Gaussian window of 11×11 pixels and standard deviation 1.5, taken only
 * where the window lies inside the image:
 *
 * <ul>
 *   <li>cs = (2·cov + C2) / (var x + var y + C2), contrast and structure,
 *   <li>ssim = cs · (2·mean x·mean y + C1) / (mean x² + mean y² + C1),
 * </ul>
 *
 * with C1 = 0.01², C2 = 0.03² for values in 0..1.
 */
record SsimTerms(double ssim, double cs) {
  static final int WINDOW = 11;
  private static final double SIGMA = 1.5;
  private static final double C1 = 0.01 * 0.01;
  private static final double C2 = 0.03 * 0.03;
  private static final double[] TAPS = taps();

  private static double[] taps() {
    double[] taps = new double[WINDOW];
    double sum = 0;
    for (int i = 0; i < WINDOW; i++) {
      int r = i - WINDOW / 2;
      taps[i] = Math.exp(-r * r / (2 * SIGMA * SIGMA));
      sum += taps[i];
    }
    for (int i = 0; i < WINDOW; i++) {
      taps[i] /= sum;
    }
    return taps;
  }

  /** Returns the means over the positions of the window; both planes are at least 11×11. */
  static SsimTerms of(Plane x, Plane y) {
    double[] meanX = x.filteredInside(TAPS).values();
    double[] meanY = y.filteredInside(TAPS).values();
    double[] squareX = x.times(x).filteredInside(TAPS).values();
    double[] squareY = y.times(y).filteredInside(TAPS).values();
    double[] product = x.times(y).filteredInside(TAPS).values();
    double ssim = 0;
    double cs = 0;
    for (int i = 0; i < product.length; i++) {
      double mx = meanX[i] * meanX[i];
      double my = meanY[i] * meanY[i];
      double mxy = meanX[i] * meanY[i];
      double spread = (squareX[i] - mx) + (squareY[i] - my);
      double c = (2 * (product[i] - mxy) + C2) / (spread + C2);
      cs += c;
      ssim += c * ((2 * mxy + C1) / (mx + my + C1));
    }
    return new SsimTerms(ssim / product.length, cs / product.length);
  }
}
