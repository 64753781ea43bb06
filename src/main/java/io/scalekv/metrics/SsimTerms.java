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
  private static final double[] TAPS = GaussianBlur.taps(WINDOW / 2, SIGMA);

  /**
   * Returns the means over the positions of the window; both planes are at least 11×11. Rows are
   * filtered as they are read, so that one window of rows is in memory at a time.
   */
  static SsimTerms of(Plane x, Plane y) {
    int count = x.width() - WINDOW + 1;
    double[][][] rows = new double[4][WINDOW][count];
    double[][] moments = new double[4][count];
    double[] line = new double[x.width()];
    double ssim = 0;
    double cs = 0;
    for (int row = 0; row < x.height(); row++) {
      int from = row * x.width();
      int slot = row % WINDOW;
      along(rows[0][slot], x.values(), from);
      along(rows[1][slot], y.values(), from);
      along(rows[2][slot], squares(line, x.values(), y.values(), from), 0);
      along(rows[3][slot], products(line, x.values(), y.values(), from), 0);
      if (row < WINDOW - 1) {
        continue;
      }
      for (int m = 0; m < moments.length; m++) {
        across(moments[m], rows[m], row + 1);
      }
      for (int i = 0; i < count; i++) {
        double both = moments[0][i] * moments[0][i] + moments[1][i] * moments[1][i];
        double mxy = moments[0][i] * moments[1][i];
        double c = (2 * (moments[3][i] - mxy) + C2) / (moments[2][i] - both + C2);
        cs += c;
        ssim += c * ((2 * mxy + C1) / (both + C1));
      }
    }
    double n = (double) count * (x.height() - WINDOW + 1);
    return new SsimTerms(ssim / n, cs / n);
  }

  /** Returns x² + y² of a row: only the sum of the two variances enters. */
  private static double[] squares(double[] to, double[] x, double[] y, int from) {
    for (int i = 0; i < to.length; i++) {
      to[i] = x[from + i] * x[from + i] + y[from + i] * y[from + i];
    }
    return to;
  }

  private static double[] products(double[] to, double[] x, double[] y, int from) {
    for (int i = 0; i < to.length; i++) {
      to[i] = x[from + i] * y[from + i];
    }
    return to;
  }

  /** Filters a row with the window, which is symmetric. */
  private static void along(double[] to, double[] v, int from) {
    double t0 = TAPS[0];
    double t1 = TAPS[1];
    double t2 = TAPS[2];
    double t3 = TAPS[3];
    double t4 = TAPS[4];
    double t5 = TAPS[5];
    for (int i = 0; i < to.length; i++) {
      int p = from + i;
      to[i] =
          t0 * (v[p] + v[p + 10])
              + t1 * (v[p + 1] + v[p + 9])
              + t2 * (v[p + 2] + v[p + 8])
              + t3 * (v[p + 3] + v[p + 7])
              + t4 * (v[p + 4] + v[p + 6])
              + t5 * v[p + 5];
    }
  }

  /** Filters columns of the last 11 rows, the oldest of which stands at {@code first % 11}. */
  private static void across(double[] to, double[][] rows, int first) {
    double[] r0 = rows[first % WINDOW];
    double[] r1 = rows[(first + 1) % WINDOW];
    double[] r2 = rows[(first + 2) % WINDOW];
    double[] r3 = rows[(first + 3) % WINDOW];
    double[] r4 = rows[(first + 4) % WINDOW];
    double[] r5 = rows[(first + 5) % WINDOW];
    double[] r6 = rows[(first + 6) % WINDOW];
    double[] r7 = rows[(first + 7) % WINDOW];
    double[] r8 = rows[(first + 8) % WINDOW];
    double[] r9 = rows[(first + 9) % WINDOW];
    double[] r10 = rows[(first + 10) % WINDOW];
    double t0 = TAPS[0];
    double t1 = TAPS[1];
    double t2 = TAPS[2];
    double t3 = TAPS[3];
    double t4 = TAPS[4];
    double t5 = TAPS[5];
    for (int i = 0; i < to.length; i++) {
      to[i] =
          t0 * (r0[i] + r10[i])
              + t1 * (r1[i] + r9[i])
              + t2 * (r2[i] + r8[i])
              + t3 * (r3[i] + r7[i])
              + t4 * (r4[i] + r6[i])
              + t5 * r5[i];
    }
  }
}
