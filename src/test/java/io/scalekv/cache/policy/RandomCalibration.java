package io.scalekv.cache.policy;

import io.scalekv.cache.ScaleSchedule;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Random calibration with every part. */
final class RandomCalibration {
  private RandomCalibration() {}

  static PolicyCalibration of(RandomGeneration g, long seed) {
    return of(g.schedule(), g.layers(), g.heads(), seed);
  }

  static PolicyCalibration of(ScaleSchedule schedule, int layers, int heads, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    boolean[][] drafters = new boolean[layers][schedule.scales()];
    double[] similarity = new double[layers];
    double[][] variance = new double[layers][heads];
    for (int l = 0; l < layers; l++) {
      similarity[l] = random.nextDouble(-1, 1);
      for (int k = 0; k < schedule.scales(); k++) {
        drafters[l][k] = random.nextInt(4) == 0;
      }
      for (int h = 0; h < heads; h++) {
        variance[l][h] = random.nextDouble();
      }
    }
    int first = random.nextInt(Math.min(3, schedule.scales() - 1));
    int[][] order = new int[schedule.scales() - 1 - first][];
    for (int s = 0; s < order.length; s++) {
      order[s] = permutation(layers * heads, random);
    }
    return PolicyCalibration.NONE
        .with(PolicyCalibration.ROLES, drafters)
        .with(PolicyCalibration.HEATKV, new PolicyCalibration.BlockOrder(first, order))
        .with(PolicyCalibration.AMS_KV, similarity)
        .with(PolicyCalibration.HACK, variance)
        .with(PolicyCalibration.ERROR_CURVES, errorCurves(schedule, layers, heads, random));
  }

  private static ErrorCurves errorCurves(
      ScaleSchedule schedule, int layers, int heads, SplittableRandom random) {
    int maps = schedule.scales();
    int[][] tokens = new int[maps][];
    double[][][][] error = new double[maps][layers][heads][];
    float[][][][] importance = new float[maps][layers][heads][];
    for (int k = 0; k < maps; k++) {
      int all = schedule.tokensBefore(k);
      tokens[k] = k == 0 ? new int[0] : IntStream.of(0, all / 3, all / 2, all).distinct().toArray();
      for (int l = 0; l < layers; l++) {
        for (int h = 0; h < heads; h++) {
          error[k][l][h] = random.doubles(tokens[k].length).toArray();
          importance[k][l][h] = new float[all];
          for (int j = 0; j < all; j++) {
            importance[k][l][h][j] = (float) random.nextDouble(1e-3, 1);
          }
        }
      }
    }
    double[] sensitivity = random.doubles(layers, 0.1, 2).toArray();
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
