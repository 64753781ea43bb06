package io.scalekv.vocabtrim.text;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Ranks 0 to n − 1 with probability in proportion to 1 / (rank + 1)^s (Zipf's law). */
final class Zipf {
  private final double[] upTo;

  Zipf(int n, double s) {
    upTo = new double[n];
    double sum = 0;
    for (int r = 0; r < n; r++) {
      sum += Math.pow(r + 1, -s);
      upTo[r] = sum;
    }
    for (int r = 0; r < n; r++) {
      upTo[r] /= sum;
    }
  }

  int draw(RandomGenerator random) {
    int at = Arrays.binarySearch(upTo, random.nextDouble());
    int rank = at >= 0 ? at + 1 : -at - 1;
    return Math.min(rank, upTo.length - 1);
  }
}
