package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import java.util.List;

/**
 * A perceptual distance in the form of LPIPS on a net of our own. With f_l(x) the features of layer
 * l, [C,Y,X], and u the vector over channels at one position divided by its length (plus 1e-10):
 *
 * <pre>
 * distance = mean over layers l of mean over positions of sum over channels of (u(f_l(a)) − u(f_l(b)))²
 * </pre>
 *
 * Every layer weighs 1/layers, where LPIPS has weights learned from people's judgements: the number
 * is not an LPIPS and is labelled with its net. No unit, 0 to 4 (to 2 for features that are never
 * negative); 0 for identical images; symmetric. A position where one image has no feature at all
 * counts 1, where both have none 0.
 *
 * @see <a href="https://arxiv.org/abs/1801.03924">Zhang, Isola, Efros, Shechtman, Wang 2018, The
 *     unreasonable effectiveness of deep features as a perceptual metric, section 3, equation 1</a>
 */
public final class LpipsProxy {
  /** LPIPS-proxy as a metric. */
  public static final FidelityMetric METRIC =
      new FidelityMetric.Simple(
          "lpips-proxy",
          "lpips_proxy",
          "",
          4,
          false,
          Metric.Net.FEATURES,
          RandomFeatureNet.LEAST_SIDE,
          ImagePair::featureDistance);

  private static final double EPS = 1e-10;

  private LpipsProxy() {}

  /**
   * Returns the distance of two images.
   *
   * @throws IllegalArgumentException if the sizes differ
   */
  public static double of(FeatureNet net, RgbImage a, RgbImage b) {
    Sizes.requireEqual("lpips_proxy", a, b);
    return of(net.features(List.of(a)), net.features(List.of(b)), 0);
  }

  /**
   * Returns the distance of one pair of a batch.
   *
   * @param x features of some images
   * @param y those of as many others, of the same net and sizes
   * @throws IllegalArgumentException if the shapes differ
   */
  static double of(List<FeatureMap> x, List<FeatureMap> y, int pair) {
    Require.that(
        shapes(x).equals(shapes(y)),
        "lpips_proxy: features must have one shape, got %s and %s",
        shapes(x),
        shapes(y));
    double sum = 0;
    for (int l = 0; l < x.size(); l++) {
      sum += distance(x.get(l), y.get(l), pair);
    }
    return sum / x.size();
  }

  /** [B,C,Y,X] of every layer. */
  private static List<List<Integer>> shapes(List<FeatureMap> layers) {
    return layers.stream()
        .map(f -> List.of(f.images(), f.channels(), f.height(), f.width()))
        .toList();
  }

  private static double distance(FeatureMap x, FeatureMap y, int image) {
    double[] lengthX = lengths(x, image);
    double[] lengthY = lengths(y, image);
    double sum = 0;
    for (int c = 0; c < x.channels(); c++) {
      int first = x.offset(image, c);
      for (int p = 0; p < lengthX.length; p++) {
        double d = x.values()[first + p] / lengthX[p] - y.values()[first + p] / lengthY[p];
        sum += d * d;
      }
    }
    return sum / lengthX.length;
  }

  /** Returns the length of the channel vector at each position, plus a trifle. */
  private static double[] lengths(FeatureMap map, int image) {
    double[] lengths = new double[map.positions()];
    for (int c = 0; c < map.channels(); c++) {
      int first = map.offset(image, c);
      for (int p = 0; p < lengths.length; p++) {
        double v = map.values()[first + p];
        lengths[p] += v * v;
      }
    }
    for (int p = 0; p < lengths.length; p++) {
      lengths[p] = Math.sqrt(lengths[p]) + EPS;
    }
    return lengths;
  }
}
