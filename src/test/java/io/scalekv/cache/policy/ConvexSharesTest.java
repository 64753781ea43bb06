package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hulls against all chords, shares against all ways to share. */
class ConvexSharesTest {
  @Test
  void cornersOfAHull() {
    int[] x = {0, 1, 2, 4, 8, 9};
    assertArrayEquals(
        new int[] {0, 1, 4}, ConvexShares.hull(x, new double[] {10, 4, 4, 3, 0, 0}), "flat ends");
    assertArrayEquals(
        new int[] {0, 5}, ConvexShares.hull(x, new double[] {9, 9, 8, 7, 5, 0}), "concave");
    assertArrayEquals(
        new int[] {0}, ConvexShares.hull(x, new double[] {1, 2, 3, 4, 5, 6}), "rising");
  }

  /** Corners that do not begin at 0, by the slopes from one to the next. */
  @Test
  void slopesDecide() {
    int[] x = {0, 4, 5, 7};
    // Slopes -12.5, -5, -1: every point is a corner.
    assertArrayEquals(new int[] {0, 1, 2, 3}, ConvexShares.hull(x, new double[] {100, 50, 45, 43}));
    // Slopes -12.5, -5, -7.5: the third point lies above the line past it.
    assertArrayEquals(new int[] {0, 1, 3}, ConvexShares.hull(x, new double[] {100, 50, 45, 30}));
    assertArrayEquals(
        new int[] {0, 2}, ConvexShares.hull(new int[] {0, 1, 2}, new double[] {2, 1, 0}), "on it");
  }

  /** What counts is how far the error falls, not how large it is. */
  @Test
  void theSteepestFallComesFirst() {
    int[][] x = {{0, 1}, {0, 1}};
    double[][] y = {{10, 9}, {5, 0}};
    assertArrayEquals(new int[] {0, 1}, ConvexShares.share(x, y, new int[] {1, 1}, 1));
    assertArrayEquals(new int[] {1, 1}, ConvexShares.share(x, y, new int[] {1, 1}, 5));
  }

  private static int[] points(SplittableRandom random, int most) {
    TreeSet<Integer> x = new TreeSet<>();
    x.add(0);
    x.add(most);
    for (int i = 0; i < 5; i++) {
      x.add(random.nextInt(most + 1));
    }
    return x.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Value at x of the line through the points. */
  private static double at(int[] x, double[] y, int b) {
    int i = Arrays.binarySearch(x, b);
    if (i >= 0) {
      return y[i];
    }
    int r = -i - 1;
    double t = (b - x[r - 1]) / (double) (x[r] - x[r - 1]);
    return (1 - t) * y[r - 1] + t * y[r];
  }

  /** The lower hull of the falling part at every integer: the least of all chords below. */
  private static double[] hullByChords(int[] x, double[] y) {
    double[] falling = y.clone();
    for (int i = 1; i < y.length; i++) {
      falling[i] = Math.min(falling[i - 1], y[i]);
    }
    double[] hull = new double[x[x.length - 1] + 1];
    for (int b = 0; b < hull.length; b++) {
      hull[b] = Double.POSITIVE_INFINITY;
      for (int i = 0; i < x.length; i++) {
        for (int j = i; j < x.length; j++) {
          if (x[i] <= b && b <= x[j]) {
            int[] ends = i == j ? new int[] {x[i]} : new int[] {x[i], x[j]};
            double[] values =
                i == j ? new double[] {falling[i]} : new double[] {falling[i], falling[j]};
            hull[b] = Math.min(hull[b], at(ends, values, b));
          }
        }
      }
    }
    return hull;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void hullIsTheLeastOfAllChords(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] x = points(random, 20);
    double[] y = random.doubles(x.length).toArray();
    int[] corners = ConvexShares.hull(x, y);
    int[] hx = IntStream.of(corners).map(i -> x[i]).toArray();
    double[] hy = IntStream.of(corners).mapToDouble(i -> y[i]).toArray();
    double[] expected = hullByChords(x, y);
    for (int b = 0; b <= 20; b++) {
      double got = b > hx[hx.length - 1] ? hy[hy.length - 1] : at(hx, hy, b);
      assertEquals(expected[b], got, 1e-12, "at " + b + " of " + Arrays.toString(y));
    }
  }

  private static double best(double[][] hulls, int[] room, int curve, int left) {
    if (curve == hulls.length) {
      return 0;
    }
    double best = Double.POSITIVE_INFINITY;
    for (int b = 0; b <= Math.min(left, room[curve]); b++) {
      best = Math.min(best, hulls[curve][b] + best(hulls, room, curve + 1, left - b));
    }
    return best;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void sharesAreAsGoodAsTheBestOfAllWays(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int curves = 3;
    int[][] x = new int[curves][];
    double[][] y = new double[curves][];
    double[][] hulls = new double[curves][];
    int[] room = new int[curves];
    for (int c = 0; c < curves; c++) {
      x[c] = points(random, random.nextInt(4, 12));
      y[c] = random.doubles(x[c].length).map(e -> e * e).toArray();
      hulls[c] = hullByChords(x[c], y[c]);
      room[c] = random.nextInt(hulls[c].length);
    }
    int total = random.nextInt(25);
    int[] shares = ConvexShares.share(x, y, room, total);
    double got = 0;
    for (int c = 0; c < curves; c++) {
      assertTrue(shares[c] >= 0 && shares[c] <= room[c], Arrays.toString(shares));
      got += hulls[c][shares[c]];
    }
    int most = Math.min(total, Arrays.stream(room).sum());
    assertEquals(most, Arrays.stream(shares).sum(), "all that there is room for is handed out");
    assertEquals(best(hulls, room, 0, total), got, 1e-12);
  }
}
