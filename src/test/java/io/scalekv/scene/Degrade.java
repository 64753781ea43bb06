package io.scalekv.scene;

import io.scalekv.image.RgbImage;
import java.util.random.RandomGenerator;

/** Degradation of renderings to the quality of decoded images. */
final class Degrade {
  private Degrade() {}

  /** Gaussian blur of the given sigma in pixels (edges repeated), then Gaussian noise. */
  static RgbImage blurAndNoise(RgbImage image, double sigma, double noise, RandomGenerator random) {
    int w = image.width();
    int h = image.height();
    byte[] rgb = image.rgb();
    double[] values = new double[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      values[i] = rgb[i] & 0xff;
    }
    if (sigma > 0) {
      values = blur(blur(values, w, h, sigma, true), w, h, sigma, false);
    }
    for (int i = 0; i < rgb.length; i++) {
      double v = values[i] + noise * random.nextGaussian();
      rgb[i] = (byte) (int) Math.max(0, Math.min(255, Math.round(v)));
    }
    return RgbImage.of(w, h, rgb);
  }

  private static double[] blur(double[] values, int w, int h, double sigma, boolean alongRows) {
    int reach = (int) Math.ceil(3 * sigma);
    double[] out = new double[values.length];
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        for (int c = 0; c < 3; c++) {
          double sum = 0;
          double weights = 0;
          for (int d = -reach; d <= reach; d++) {
            int u = alongRows ? Math.max(0, Math.min(w - 1, x + d)) : x;
            int v = alongRows ? y : Math.max(0, Math.min(h - 1, y + d));
            double weight = Math.exp(-d * d / (2 * sigma * sigma));
            sum += weight * values[3 * (v * w + u) + c];
            weights += weight;
          }
          out[3 * (y * w + x) + c] = sum / weights;
        }
      }
    }
    return out;
  }
}
