package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Net that turns images into features: the port behind the feature distances. Its results are plain
 * Java memory; native memory stays inside and is free again when a call returns. Equal images in
 * calls of equal size give equal numbers. A table uses one net and states its {@link #hash}.
 */
public interface FeatureNet extends AutoCloseable {
  /** The most pixels of one batch that callers who batch by themselves should ask for. */
  int BATCH_PIXELS = 1 << 18;

  /**
   * Returns the name in a metric's label, such as {@code random_vgg x3} in {@code lpips_proxy(…)}.
   */
  String name();

  /** Returns the identity of the weights: {@code sha256:…} of the file or {@code seed:…}. */
  String hash();

  /**
   * Returns the features of all layers, the layer next to the pixels first. All layers are in
   * memory at once: ask for few images.
   *
   * @param images B of them, at least one, all of one size
   * @return one map a layer, each of B images
   * @throws IllegalArgumentException if there is no image or the sizes differ
   */
  List<FeatureMap> features(List<RgbImage> images);

  /**
   * Returns one vector an image, for Fréchet distance and KID: by default the means over positions
   * of every channel of every layer, in the order of {@link #features}. Any number of images: they
   * go through the net in batches of about {@link #BATCH_PIXELS}.
   *
   * @param images at least one; consecutive ones of one size share a batch
   * @return [images][features]
   */
  default double[][] pooled(List<RgbImage> images) {
    List<double[]> vectors = new ArrayList<>();
    for (List<RgbImage> batch : ImageBatches.of(images, BATCH_PIXELS)) {
      vectors.addAll(vectors(features(batch)));
    }
    return vectors.toArray(double[][]::new);
  }

  /**
   * Returns the vectors of {@link #pooled} from the features of a batch.
   *
   * @param layers one map a layer, each of B images
   * @return [B][features]
   */
  static List<double[]> vectors(List<FeatureMap> layers) {
    return IntStream.range(0, layers.get(0).images()).mapToObj(i -> means(layers, i)).toList();
  }

  private static double[] means(List<FeatureMap> layers, int image) {
    double[] vector = new double[layers.stream().mapToInt(FeatureMap::channels).sum()];
    int at = 0;
    for (FeatureMap layer : layers) {
      for (int c = 0; c < layer.channels(); c++) {
        int first = layer.offset(image, c);
        double sum = 0;
        for (int p = 0; p < layer.positions(); p++) {
          sum += layer.values()[first + p];
        }
        vector[at++] = sum / layer.positions();
      }
    }
    return vector;
  }

  /** Frees the weights. Closing twice does nothing. */
  @Override
  void close();
}
