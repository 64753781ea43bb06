package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.RgbImage;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The separable filters against the definitions written out position by position. */
final class NaiveMetricsTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void ssim(int seed) {
    int w = 11 + 4 * seed;
    int h = 26 - 5 * seed;
    RgbImage a = TestImages.noise(seed, w, h);
    RgbImage b = TestImages.noisy(a, 60, seed);
    assertEquals(naiveSsim(a, b), Ssim.of(a, b), 1e-12);
  }

  private static double naiveSsim(RgbImage a, RgbImage b) {
    double total = 0;
    double norm = 0;
    for (int r = 0; r < 121; r++) {
      norm += window(r);
    }
    int count = 0;
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y + 11 <= a.height(); y++) {
        for (int x = 0; x + 11 <= a.width(); x++) {
          double ma = 0;
          double mb = 0;
          for (int r = 0; r < 121; r++) {
            ma += window(r) / norm * value(a, c, x + r % 11, y + r / 11);
            mb += window(r) / norm * value(b, c, x + r % 11, y + r / 11);
          }
          double va = 0;
          double vb = 0;
          double cov = 0;
          for (int r = 0; r < 121; r++) {
            double da = value(a, c, x + r % 11, y + r / 11) - ma;
            double db = value(b, c, x + r % 11, y + r / 11) - mb;
            va += window(r) / norm * da * da;
            vb += window(r) / norm * db * db;
            cov += window(r) / norm * da * db;
          }
          double luminance = (2 * ma * mb + 1e-4) / (ma * ma + mb * mb + 1e-4);
          total += luminance * (2 * cov + 9e-4) / (va + vb + 9e-4);
          count++;
        }
      }
    }
    return total / count;
  }

  private static double window(int r) {
    int dx = r % 11 - 5;
    int dy = r / 11 - 5;
    return Math.exp(-(dx * dx + dy * dy) / 4.5);
  }

  private static double value(RgbImage image, int c, int x, int y) {
    return (image.packed(x, y) >> 16 - 8 * c & 255) / 255.0;
  }

  @ParameterizedTest
  @CsvSource({
    "11,100,1",
    "21,500,1",
    "22,22,2",
    "64,64,3",
    "100,64,3",
    "175,200,4",
    "176,176,5",
    "352,400,5"
  })
  void numberOfScales(int width, int height, int scales) {
    assertEquals(scales, MsSsim.scales(width, height));
    double sum = 0;
    for (double w : MsSsim.weights(scales)) {
      sum += w;
    }
    assertEquals(1, sum, 1e-15);
  }

  @Test
  void msSsimOfOneScaleIsSsimWithoutTheNegative() {
    RgbImage a = TestImages.noise(1, 18, 20);
    RgbImage b = TestImages.noisy(a, 50, 2);
    assertEquals(Ssim.of(a, b), MsSsim.of(a, b), 1e-12);
    byte[] inverted = a.rgb();
    for (int i = 0; i < inverted.length; i++) {
      inverted[i] = (byte) ~inverted[i];
    }
    assertEquals(0, MsSsim.of(a, RgbImage.of(18, 20, inverted)));
  }

  /** Two and three scales, odd sides on the way. */
  @ParameterizedTest
  @CsvSource({"23,26", "26,23", "47,44"})
  void msSsim(int w, int h) {
    RgbImage a = TestImages.noise(w, w, h);
    RgbImage b = TestImages.noisy(a, 60, h);
    double[] weights = {0.0448, 0.2856, 0.3001};
    int scales = Math.min(w, h) < 44 ? 2 : 3;
    double used = Arrays.stream(weights).limit(scales).sum();
    double mean = 0;
    for (int c = 0; c < 3; c++) {
      Plane x = Plane.ofChannel(a, c);
      Plane y = Plane.ofChannel(b, c);
      double product = 1;
      for (int j = 0; j < scales; j++) {
        double similar = naiveSimilarity(x, y, j == scales - 1);
        product *= Math.pow(similar, weights[j] / used);
        x = naiveHalf(x);
        y = naiveHalf(y);
      }
      mean += product / 3;
    }
    assertEquals(mean, MsSsim.of(a, b), 1e-12);
  }

  private static Plane naiveHalf(Plane p) {
    int w = p.width() / 2;
    double[] half = new double[w * (p.height() / 2)];
    for (int i = 0; i < half.length; i++) {
      for (int r = 0; r < 4; r++) {
        half[i] += p.values()[(i / w * 2 + r / 2) * p.width() + i % w * 2 + r % 2] / 4;
      }
    }
    return new Plane(w, p.height() / 2, half);
  }

  /** Mean of contrast and structure, and with luminance at the coarsest scale. */
  private static double naiveSimilarity(Plane a, Plane b, boolean luminance) {
    double norm = 0;
    for (int r = 0; r < 121; r++) {
      norm += window(r);
    }
    double total = 0;
    int count = 0;
    for (int at = 0; at < a.values().length; at++) {
      if (at % a.width() + 11 > a.width() || at / a.width() + 11 > a.height()) {
        continue;
      }
      double[] m = new double[5];
      for (int r = 0; r < 121; r++) {
        double u = a.values()[at + r / 11 * a.width() + r % 11];
        double v = b.values()[at + r / 11 * a.width() + r % 11];
        double[] moments = {u, v, u * u, v * v, u * v};
        for (int k = 0; k < 5; k++) {
          m[k] += window(r) / norm * moments[k];
        }
      }
      double spread = m[2] - m[0] * m[0] + m[3] - m[1] * m[1];
      double similar = (2 * (m[4] - m[0] * m[1]) + 9e-4) / (spread + 9e-4);
      if (luminance) {
        similar *= (2 * m[0] * m[1] + 1e-4) / (m[0] * m[0] + m[1] * m[1] + 1e-4);
      }
      total += similar;
      count++;
    }
    return total / count;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void haarPsi(int seed) {
    int w = 16 + 7 * seed;
    int h = 36 - 5 * seed;
    RgbImage a = TestImages.noise(seed, w, h);
    RgbImage b = TestImages.noisy(a, 90, seed);
    assertEquals(naiveHaarPsi(a, b), HaarPsi.of(a, b), 1e-12);
  }

  /** Black has no weight anywhere, any other flat image at its edges. */
  @Test
  void haarPsiOfFlatImages() {
    RgbImage black = TestImages.flat(0, 16, 17);
    RgbImage grey = TestImages.flat(90, 16, 17);
    assertEquals(1, HaarPsi.of(black, black));
    assertEquals(naiveHaarPsi(black, grey), HaarPsi.of(black, grey), 1e-12);
    assertEquals(1, HaarPsi.of(grey, grey), 1e-12);
  }

  private static double naiveHaarPsi(RgbImage a, RgbImage b) {
    double[] y = {0.299, 0.587, 0.114};
    double[] i = {0.596, -0.274, -0.322};
    double[] q = {0.211, -0.523, 0.312};
    double top = 0;
    double bottom = 0;
    for (int py = 0; py < a.height() / 2; py++) {
      for (int px = 0; px < a.width() / 2; px++) {
        double[] s = new double[3];
        double[] weight = new double[3];
        for (int o = 0; o < 2; o++) {
          s[o] =
              (alike(haar(a, y, px, py, 2, o), haar(b, y, px, py, 2, o))
                      + alike(haar(a, y, px, py, 4, o), haar(b, y, px, py, 4, o)))
                  / 2;
          weight[o] =
              Math.max(Math.abs(haar(a, y, px, py, 8, o)), Math.abs(haar(b, y, px, py, 8, o)));
        }
        s[2] =
            (alike(haar(a, i, px, py, 2, 2) / 2, haar(b, i, px, py, 2, 2) / 2)
                    + alike(haar(a, q, px, py, 2, 2) / 2, haar(b, q, px, py, 2, 2) / 2))
                / 2;
        weight[2] = (weight[0] + weight[1]) / 2;
        for (int m = 0; m < 3; m++) {
          top += weight[m] / (1 + Math.exp(-4.2 * s[m]));
          bottom += weight[m];
        }
      }
    }
    double v = top / bottom;
    return Math.pow(Math.log(v / (1 - v)) / 4.2, 2);
  }

  private static double alike(double a, double b) {
    return (2 * Math.abs(a * b) + 30) / (a * a + b * b + 30);
  }

  /** Orientation 0: the sign changes from left to right; 1: from above to below; 2: never. */
  private static double haar(RgbImage image, double[] mix, int px, int py, int k, int o) {
    double sum = 0;
    for (int dy = 1 - k / 2; dy <= k / 2; dy++) {
      for (int dx = 1 - k / 2; dx <= k / 2; dx++) {
        int x = px + dx;
        int y = py + dy;
        if (x < 0 || x >= image.width() / 2 || y < 0 || y >= image.height() / 2) {
          continue;
        }
        boolean minus = o == 0 && dx > 0 || o == 1 && dy > 0;
        double v = 0;
        for (int c = 0; c < 3; c++) {
          for (int r = 0; r < 4; r++) {
            v += mix[c] * value(image, c, 2 * x + r % 2, 2 * y + r / 2) * 255 / 4;
          }
        }
        sum += minus ? -v : v;
      }
    }
    return sum / k;
  }

  @ParameterizedTest
  @CsvSource({"9,7,20,13", "30,20,7,11", "16,16,16,16", "5,40,8,6", "1,1,4,3", "9,7,1,1"})
  void resize(int w, int h, int toW, int toH) {
    RgbImage image = TestImages.noise(w, w, h);
    float[] expected = new float[3 * toW * toH];
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y < toH; y++) {
        for (int x = 0; x < toW; x++) {
          double top = 0;
          double bottom = 0;
          for (int v = 0; v < h; v++) {
            for (int u = 0; u < w; u++) {
              double weight = keys(u, x, w, toW) * keys(v, y, h, toH);
              top += weight * value(image, c, u, v) * 255;
              bottom += weight;
            }
          }
          expected[(c * toH + y) * toW + x] = (float) (top / bottom);
        }
      }
    }
    assertArrayEquals(expected, CleanFidResize.unclipped(image, toW, toH).planes(), 1e-4f);
  }

  /** Keys' cubic at the distance of two pixel centres, in the wider of the two grids. */
  private static double keys(int from, int to, int size, int toSize) {
    double scale = (double) size / toSize;
    double d = Math.abs(from + 0.5 - (to + 0.5) * scale) / Math.max(1, scale);
    if (d < 1) {
      return 1.5 * d * d * d - 2.5 * d * d + 1;
    }
    return d < 2 ? -0.5 * d * d * d + 2.5 * d * d - 4 * d + 2 : 0;
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.5, 1, 2.3})
  void blur(double sigma) {
    RgbImage image = TestImages.noise(4, 13, 9);
    RgbImage got = GaussianBlur.of(image, sigma);
    int reach = (int) Math.ceil(4 * sigma);
    for (int i = 0; i < 3 * 9 * 13; i++) {
      int c = i / (9 * 13);
      int y = i / 13 % 9;
      int x = i % 13;
      double sum = 0;
      double weights = 0;
      for (int dy = -reach; dy <= reach; dy++) {
        for (int dx = -reach; dx <= reach; dx++) {
          double weight = Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
          int u = Math.max(0, Math.min(12, x + dx));
          int v = Math.max(0, Math.min(8, y + dy));
          sum += weight * 255 * value(image, c, u, v);
          weights += weight;
        }
      }
      assertEquals(sum / weights, 255 * value(got, c, x, y), 0.5 + 1e-9);
    }
  }

  @Test
  void resizedValuesAreClipped() {
    byte[] rgb = new byte[3 * 64];
    Arrays.fill(rgb, 3 * 32, rgb.length, (byte) 255);
    RgbImage edge = RgbImage.of(8, 8, rgb);
    float[] clipped = CleanFidResize.of(edge, 24, 24).planes();
    float[] unclipped = CleanFidResize.unclipped(edge, 24, 24).planes();
    boolean beyond = false;
    for (int i = 0; i < clipped.length; i++) {
      assertEquals(Math.min(255, Math.max(0, unclipped[i])), clipped[i]);
      beyond |= unclipped[i] < -1 || unclipped[i] > 256;
    }
    assertTrue(beyond);
  }

  @ParameterizedTest
  @CsvSource({"0,3", "3,0", "-1,3"})
  void resizeNeedsSides(int width, int height) {
    RgbImage image = TestImages.flat(1, 4, 4);
    assertThrows(IllegalArgumentException.class, () -> CleanFidResize.of(image, width, height));
  }

  @Test
  void floatImageIsPlaneAfterPlane() {
    FloatImage image =
        new FloatImage(
            2, 3, new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17});
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y < 3; y++) {
        for (int x = 0; x < 2; x++) {
          assertEquals(6 * c + 2 * y + x, image.at(c, x, y));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0,2,0", "2,0,0", "2,3,17", "2,3,6"})
  void floatImageOfAsManyValues(int width, int height, int values) {
    assertThrows(
        IllegalArgumentException.class, () -> new FloatImage(width, height, new float[values]));
  }
}
