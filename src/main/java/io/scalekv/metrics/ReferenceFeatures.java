package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Features of reference images, computed once however many lists of images are compared with them.
 * Feature maps are kept up to {@link #MOST_VALUES}, vectors always.
 */
public final class ReferenceFeatures {
  /** 512 MiB, or a quarter of a smaller Java heap. */
  private static final long MOST_VALUES =
      Math.min(1L << 27, Runtime.getRuntime().maxMemory() / 4 / Float.BYTES);

  private final Map<String, List<FeatureMap>> maps = new HashMap<>();
  private final Map<String, double[][]> vectors = new HashMap<>();
  private long values;

  private static String key(FeatureNet net, int from, int count) {
    return net.name() + " " + from + " " + count;
  }

  /** Forgets all features, where the references before will not be asked for again. */
  public void clear() {
    maps.clear();
    vectors.clear();
    values = 0;
  }

  /**
   * Returns the feature maps of one batch.
   *
   * @param from number of its first reference
   * @return one map a layer
   */
  List<FeatureMap> maps(FeatureNet net, int from, List<RgbImage> batch) {
    String key = key(net, from, batch.size());
    List<FeatureMap> known = maps.get(key);
    if (known == null) {
      known = net.features(batch);
      long more = known.stream().mapToLong(f -> f.values().length).sum();
      if (values + more <= MOST_VALUES) {
        maps.put(key, known);
        values += more;
      }
    }
    return known;
  }

  /** Returns one vector an image of one batch. */
  double[][] vectors(FeatureNet net, int from, List<RgbImage> batch) {
    return vectors.computeIfAbsent(key(net, from, batch.size()), k -> net.pooled(batch));
  }

  /** As {@link #vectors(FeatureNet, int, List)}, from feature maps that are there already. */
  double[][] vectors(FeatureNet net, int from, int count, List<FeatureMap> known) {
    return vectors.computeIfAbsent(
        key(net, from, count), k -> FeatureNet.vectors(known).toArray(double[][]::new));
  }
}
