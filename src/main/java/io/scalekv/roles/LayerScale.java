package io.scalekv.roles;

import java.util.Comparator;

/**
 * Layer–scale pair. Ordered by scale, then by layer.
 *
 * @param layer 0-based layer
 * @param scale 0-based scale, the one that reads the cache
 */
public record LayerScale(int layer, int scale) implements Comparable<LayerScale> {
  private static final Comparator<LayerScale> ORDER =
      Comparator.comparingInt(LayerScale::scale).thenComparingInt(LayerScale::layer);

  @Override
  public int compareTo(LayerScale other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return "layer " + layer + " scale " + (scale + 1);
  }
}
