package io.scalekv.metrics;

import java.util.Random;

/** Seeded random features. */
final class FeatureFixtures {
  private FeatureFixtures() {}

  /** Normal values [N][C], of unit variance and the given mean. */
  static double[][] normal(int samples, int width, double mean, long seed) {
    Random random = new Random(seed);
    double[][] rows = new double[samples][width];
    for (double[] row : rows) {
      for (int c = 0; c < width; c++) {
        row[c] = mean + random.nextGaussian();
      }
    }
    return rows;
  }

  /** The same rows with normal noise of that deviation. */
  static double[][] noisy(double[][] rows, double deviation, long seed) {
    double[][] noise = normal(rows.length, rows[0].length, 0, seed);
    for (int i = 0; i < rows.length; i++) {
      for (int c = 0; c < rows[i].length; c++) {
        noise[i][c] = rows[i][c] + deviation * noise[i][c];
      }
    }
    return noise;
  }
}
