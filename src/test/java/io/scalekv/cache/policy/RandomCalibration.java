package io.scalekv.cache.policy;

import io.scalekv.cache.ScaleSchedule;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Everything that calibration could tell, drawn at random. */
final class RandomCalibration {
  private RandomCalibration() {}

  static PolicyCalibration of(RandomGeneration g, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    ScaleSchedule schedule = g.schedule();
    boolean[][] drafters = new boolean[g.layers()][schedule.scales()];
    double[] similarity = new double[g.layers()];
    double[][] variance = new double[g.layers()][g.heads()];
    for (int l = 0; l < g.layers(); l++) {
      similarity[l] = random.nextDouble(-1, 1);
      for (int k = 0; k < schedule.scales(); k++) {
        drafters[l][k] = random.nextInt(4) == 0;
      }
      for (int h = 0; h < g.heads(); h++) {
        variance[l][h] = random.nextDouble();
      }
    }
    int first = random.nextInt(Math.min(3, schedule.scales() - 1));
    int[][] order = new int[schedule.scales() - 1 - first][];
    for (int s = 0; s < order.length; s++) {
      order[s] = permutation(g.layers() * g.heads(), random);
    }
    return new PolicyCalibration(
        drafters,
        new PolicyCalibration.BlockOrder(first, order),
        similarity,
        variance,
        errorCurves(g, random));
  }

  private static ErrorCurves errorCurves(RandomGeneration g, SplittableRandom random) {
    int maps = g.schedule().scales();
    int[][] tokens = new int[maps][];
    double[][][][] error = new double[maps][g.layers()][g.heads()][];
    float[][][][] importance = new float[maps][g.layers()][g.heads()][];
    for (int k = 0; k < maps; k++) {
      int all = g.schedule().tokensBefore(k);
      tokens[k] = k == 0 ? new int[0] : IntStream.of(0, all / 3, all / 2, all).distinct().toArray();
      for (int l = 0; l < g.layers(); l++) {
        for (int h = 0; h < g.heads(); h++) {
          error[k][l][h] = random.doubles(tokens[k].length).toArray();
          importance[k][l][h] = new float[all];
          for (int j = 0; j < all; j++) {
            importance[k][l][h][j] = (float) random.nextDouble(1e-3, 1);
          }
        }
      }
    }
    double[] sensitivity = random.doubles(g.layers(), 0.1, 2).toArray();
    return new ErrorCurves(tokens, error, importance, sensitivity);
  }

  private static int[] permutation(int n, SplittableRandom random) {
    int[] p = IntStream.range(0, n).toArray();
    for (int i = n - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swap = p[i];
      p[i] = p[j];
      p[j] = swap;
    }
    return p;
  }
}
