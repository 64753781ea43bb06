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
        drafters, new PolicyCalibration.BlockOrder(first, order), similarity, variance);
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
