package io.scalekv.roles;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.ToDoubleBiFunction;

/**
 * Layer–scale pair. Ordered by scale, then by layer.
 *
 * @param layer 0-based layer
 * @param scale 0-based scale, the one that reads the cache
 */
public record LayerScale(int layer, int scale) implements Comparable<LayerScale> {
  private static final Comparator<LayerScale> ORDER =
      Comparator.comparingInt(LayerScale::scale).thenComparingInt(LayerScale::layer);

  /** Returns a table [layer][scale] of numbers by their place. */
  public static double[][] table(
      int layers, int scales, ToDoubleBiFunction<Integer, Integer> value) {
    double[][] table = new double[layers][scales];
    for (int l = 0; l < layers; l++) {
      int layer = l;
      Arrays.setAll(table[l], k -> value.applyAsDouble(layer, k));
    }
    return table;
  }

  @Override
  public int compareTo(LayerScale other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return "layer " + layer + " scale " + (scale + 1);
  }
}
