package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import java.util.Arrays;

/**
 * Resizing that goes before an Inception net in clean-fid: every channel as float32 on its own,
 * bicubic with a = −0.5, pixel centres at i + ½, the filter widened by the scale factor when
 * shrinking (antialias), taps outside the image dropped and the others renormalised to 1, first
 * along rows, then along columns. Values beyond 0..255, which arise at sharp edges, are clipped as
 * clean-fid does since 0.1.21; nothing is rounded.
 *
 * @see <a href="https://arxiv.org/abs/2104.11222">Parmar, Zhang, Zhu 2022, On aliased resizing and
 *     surprising subtleties in GAN evaluation, section 3</a>
 * @see <a href="https://doi.org/10.1109/TASSP.1981.1163711">Keys 1981, Cubic convolution
 *     interpolation for digital image processing, equation 15</a>
 */
public final class CleanFidResize {
  private static final double REACH = 2;

  private CleanFidResize() {}

  /** For each place of the result the first source position and the weights from there on. */
  private record Taps(int[] first, double[][] weights) {
    static Taps of(int from, int to) {
      double scale = (double) from / to;
      double widening = Math.max(1, scale);
      int[] first = new int[to];
      double[][] weights = new double[to][];
      for (int i = 0; i < to; i++) {
        double centre = (i + 0.5) * scale;
        int begin = Math.max(0, (int) (centre - REACH * widening + 0.5));
        int end = Math.min(from, (int) (centre + REACH * widening + 0.5));
        double[] w = new double[end - begin];
        double sum = 0;
        for (int k = 0; k < w.length; k++) {
          w[k] = bicubic((begin + k + 0.5 - centre) / widening);
          sum += w[k];
        }
        for (int k = 0; k < w.length; k++) {
          w[k] /= sum;
        }
        first[i] = begin;
        weights[i] = w;
      }
      return new Taps(first, weights);
    }

    /** Keys' cubic with a = −0.5. */
    private static double bicubic(double x) {
      double d = Math.abs(x);
      if (d < 1) {
        return (1.5 * d - 2.5) * d * d + 1;
      }
      return d < REACH ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
    }
  }

  /**
   * Returns the image at another size, values clipped to 0..255.
   *
   * @param width pixels in a row, at least 1
   * @param height rows, at least 1
   * @throws IllegalArgumentException if a side is smaller
   */
  public static FloatImage of(RgbImage image, int width, int height) {
    FloatImage resized = unclipped(image, width, height);
    float[] planes = resized.planes();
    for (int i = 0; i < planes.length; i++) {
      planes[i] = Math.min(255, Math.max(0, planes[i]));
    }
    return resized;
  }

  /** Returns the image at another size before clipping. Parameters and errors as {@link #of}. */
  public static FloatImage unclipped(RgbImage image, int width, int height) {
    Require.that(
        width >= 1 && height >= 1, "resize: sides must be at least 1, got %dx%d", width, height);
    int fromWidth = image.width();
    int fromHeight = image.height();
    byte[] rgb = image.rgb();
    Taps across = Taps.of(fromWidth, width);
    Taps down = Taps.of(fromHeight, height);
    float[] planes = new float[3 * width * height];
    float[] rows = new float[width * fromHeight];
    double[] sums = new double[width];
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y < fromHeight; y++) {
        for (int x = 0; x < width; x++) {
          double[] w = across.weights[x];
          int at = 3 * (y * fromWidth + across.first[x]) + c;
          double sum = 0;
          for (int k = 0; k < w.length; k++) {
            sum += w[k] * (rgb[at + 3 * k] & 0xff);
          }
          rows[y * width + x] = (float) sum;
        }
      }
      for (int y = 0; y < height; y++) {
        double[] w = down.weights[y];
        Arrays.fill(sums, 0);
        for (int k = 0; k < w.length; k++) {
          int at = (down.first[y] + k) * width;
          for (int x = 0; x < width; x++) {
            sums[x] += w[k] * rows[at + x];
          }
        }
        int at = (c * height + y) * width;
        for (int x = 0; x < width; x++) {
          planes[at + x] = (float) sums[x];
        }
      }
    }
    return new FloatImage(width, height, planes);
  }
}
