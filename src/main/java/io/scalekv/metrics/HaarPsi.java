package io.scalekv.metrics;

import io.scalekv.image.RgbImage;

/**
 * Haar wavelet-based perceptual similarity index, the colour form. Values in 0..255 become Y, I and
 * Q, each replaced by the means of its 2×2 squares (an odd last row or column is dropped). On Y,
 * the Haar coefficients of scales j = 1, 2, 3 in both orientations: correlation with the 2^j×2^j
 * filter that is +2^−j on one half and −2^−j on the other, zeros outside the image. With
 *
 * <pre>S(a, b) = (2|a||b| + C) / (a² + b² + C), C = 30;  l(x) = 1 / (1 + exp(−4.2·x))</pre>
 *
 * an orientation has the similarity mean of S over j = 1, 2 and the weight max(|a|, |b|) at j = 3;
 * colour has the similarity mean of S over the 2×2 means of I and of Q, and as weight the mean of
 * the two orientations' weights. The index is (l⁻¹(v) / 4.2)² with l⁻¹(v) = ln(v / (1 − v)), v
 * being the weighted mean of l(similarity) over the three maps and all positions.
 *
 * <p>No unit, 0 to 1, symmetric; identical images give 1 up to rounding. Two black images have no
 * weight anywhere (0/0) and give 1. Coefficients count by magnitude, so an inverted image scores
 * high: that is the definition.
 *
 * @see <a href="https://doi.org/10.1016/j.image.2017.11.001">Reisenhofer, Bosse, Kutyniok, Wiegand
 *     2018, A Haar wavelet-based perceptual similarity index for image quality assessment, section
 *     2</a>
 */
public final class HaarPsi {
  private static final int LEAST_SIDE = 16;

  /** HaarPSI as a metric. */
  public static final FidelityMetric METRIC =
      FidelityMetric.ofPixels("haarpsi", "HaarPSI", "", 4, true, LEAST_SIDE, HaarPsi::of);

  private static final double C = 30;
  private static final double ALPHA = 4.2;

  private HaarPsi() {}

  /** Halved Y, I and Q of an image, values in 0..255. */
  private record Yiq(Plane y, Plane i, Plane q) {
    /** The colours are linear: those of the mean of 2×2 pixels are the means of the colours. */
    static Yiq of(RgbImage image) {
      byte[] rgb = image.rgb();
      int w = image.width() / 2;
      int h = image.height() / 2;
      int stride = 3 * image.width();
      double[] y = new double[w * h];
      double[] i = new double[w * h];
      double[] q = new double[w * h];
      for (int p = 0; p < y.length; p++) {
        int at = p / w * 2 * stride + p % w * 6;
        double red = four(rgb, at, stride);
        double green = four(rgb, at + 1, stride);
        double blue = four(rgb, at + 2, stride);
        y[p] = 0.299 * red + 0.587 * green + 0.114 * blue;
        i[p] = 0.596 * red - 0.274 * green - 0.322 * blue;
        q[p] = 0.211 * red - 0.523 * green + 0.312 * blue;
      }
      return new Yiq(new Plane(w, h, y), new Plane(w, h, i), new Plane(w, h, q));
    }

    private static double four(byte[] rgb, int at, int stride) {
      int upper = (rgb[at] & 0xff) + (rgb[at + 3] & 0xff);
      int lower = (rgb[at + stride] & 0xff) + (rgb[at + stride + 3] & 0xff);
      return (upper + lower) / 4.0;
    }
  }

  /**
   * Returns the index of two images.
   *
   * @throws IllegalArgumentException if the sizes differ or a side has fewer than 16 pixels
   */
  public static double of(RgbImage a, RgbImage b) {
    Sizes.requireEqual("haarpsi", a, b);
    Sizes.requireSides("haarpsi", LEAST_SIDE, a);
    Yiq x = Yiq.of(a);
    Yiq y = Yiq.of(b);
    int n = x.y().values().length;
    double[] colourWeight = new double[n];
    double weighted = 0;
    double weights = 0;
    for (boolean alongRows : new boolean[] {true, false}) {
      double[] s = new double[n];
      addSimilarity(s, coefficients(x.y(), 1, alongRows), coefficients(y.y(), 1, alongRows));
      addSimilarity(s, coefficients(x.y(), 2, alongRows), coefficients(y.y(), 2, alongRows));
      double[] coarseX = coefficients(x.y(), 3, alongRows);
      double[] coarseY = coefficients(y.y(), 3, alongRows);
      for (int p = 0; p < n; p++) {
        double weight = Math.max(Math.abs(coarseX[p]), Math.abs(coarseY[p]));
        weighted += logistic(s[p]) * weight;
        weights += weight;
        colourWeight[p] += weight / 2;
      }
    }
    double[] s = new double[n];
    addSimilarity(s, squareMeans(x.i()), squareMeans(y.i()));
    addSimilarity(s, squareMeans(x.q()), squareMeans(y.q()));
    for (int p = 0; p < n; p++) {
      weighted += logistic(s[p]) * colourWeight[p];
      weights += colourWeight[p];
    }
    if (weights == 0) {
      return 1;
    }
    double v = weighted / weights;
    double root = Math.log(v / (1 - v)) / ALPHA;
    return root * root;
  }

  private static double logistic(double x) {
    return 1 / (1 + Math.exp(-ALPHA * x));
  }

  /** Adds half the similarity, so that two calls give the mean. */
  private static void addSimilarity(double[] s, double[] a, double[] b) {
    for (int p = 0; p < s.length; p++) {
      double similar = 2 * Math.abs(a[p]) * Math.abs(b[p]) + C;
      s[p] += similar / (a[p] * a[p] + b[p] * b[p] + C) / 2;
    }
  }

  /**
   * Haar coefficients of one scale; {@code alongRows} selects the axis along which the filter
   * changes its sign.
   */
  private static double[] coefficients(Plane plane, int scale, boolean alongRows) {
    int k = 1 << scale;
    Plane steps = windowed(plane, k, alongRows, -1);
    double[] c = windowed(steps, k, !alongRows, 1).values();
    for (int p = 0; p < c.length; p++) {
      c[p] /= k;
    }
    return c;
  }

  private static double[] squareMeans(Plane plane) {
    double[] c = windowed(windowed(plane, 2, true, 1), 2, false, 1).values();
    for (int p = 0; p < c.length; p++) {
      c[p] /= 4;
    }
    return c;
  }

  /**
   * Along one axis: the sum of the {@code k/2} values up to and with the position, plus {@code
   * sign} times the {@code k/2} values after it, zeros outside.
   */
  private static Plane windowed(Plane plane, int k, boolean alongRows, int sign) {
    int w = plane.width();
    int h = plane.height();
    double[] from = plane.values();
    double[] to = new double[from.length];
    for (int t = 1 - k / 2; t <= k / 2; t++) {
      double factor = t <= 0 ? 1 : sign;
      int dx = alongRows ? t : 0;
      int dy = alongRows ? 0 : t;
      int left = Math.max(0, -dx);
      int right = Math.min(w, w - dx);
      for (int y = Math.max(0, -dy); y < Math.min(h, h - dy); y++) {
        int at = y * w;
        int shifted = (y + dy) * w + dx;
        for (int x = left; x < right; x++) {
          to[at + x] += factor * from[shifted + x];
        }
      }
    }
    return new Plane(w, h, to);
  }
}
