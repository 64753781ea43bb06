package io.scalekv.metrics;

import java.util.function.ToDoubleBiFunction;

/**
 * A distance of two sets of images, from one feature vector an image.
 *
 * @param key see {@link Metric#key}
 * @param label see {@link Metric#label()}
 * @param digits see {@link Metric#digits}
 * @param net the net of the vectors
 * @param distance of reference vectors [N][C] and image vectors [N][C], row by row of one prompt
 *     and seed
 */
public record SetMetric(
    String key,
    String label,
    int digits,
    Net net,
    ToDoubleBiFunction<double[][], double[][]> distance)
    implements Metric {
  @Override
  public boolean higherIsBetter() {
    return false;
  }

  /** Returns the distance. */
  public double of(double[][] reference, double[][] images) {
    return distance.applyAsDouble(reference, images);
  }
}
