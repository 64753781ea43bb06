package io.scalekv.cache.policy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Allocation of tokens that minimises the sum of errors: each curve is replaced by its lower convex
 * hull, and every token goes where the error falls most (Fox, Discrete optimization via marginal
 * analysis, Management Science 13, 1966). Exact where the curves are convex.
 */
final class ConvexShares {
  private ConvexShares() {}

  /** Segment of a hull: a number of tokens, each of which reduces the error by the same gain. */
  private record Step(int curve, int tokens, double gain) {}

  /**
   * Returns the corners of the lower convex hull of the falling part of a curve, as indices of its
   * points.
   *
   * @param x ascending
   * @param y finite
   */
  static int[] hull(int[] x, double[] y) {
    List<Integer> corners = new ArrayList<>();
    for (int i = 0; i < x.length; i++) {
      if (!corners.isEmpty() && y[i] >= y[corners.get(corners.size() - 1)]) {
        continue;
      }
      while (corners.size() > 1 && above(x, y, corners, i)) {
        corners.remove(corners.size() - 1);
      }
      corners.add(i);
    }
    return corners.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Returns whether the last corner lies on or above the line from the one before it to point i.
   */
  private static boolean above(int[] x, double[] y, List<Integer> corners, int i) {
    int b = corners.get(corners.size() - 1);
    int a = corners.get(corners.size() - 2);
    return (y[b] - y[a]) * (x[i] - x[a]) >= (y[i] - y[a]) * (x[b] - x[a]);
  }

  /**
   * Returns the tokens of each curve; surplus tokens go to the first curves with room.
   *
   * @param x [curve][point] tokens, ascending from 0
   * @param y [curve][point] error at these tokens
   * @param room [curve] most tokens that each can take
   * @param total number of tokens
   */
  static int[] share(int[][] x, double[][] y, int[] room, long total) {
    int[] shares = new int[x.length];
    long left = total;
    List<Step> steps = new ArrayList<>();
    for (int c = 0; c < x.length; c++) {
      int[] corners = hull(x[c], y[c]);
      for (int i = 1; i < corners.length; i++) {
        int from = x[c][corners[i - 1]];
        int to = Math.min(room[c], x[c][corners[i]]);
        double fall = y[c][corners[i - 1]] - y[c][corners[i]];
        if (to > from) {
          steps.add(new Step(c, to - from, fall / (x[c][corners[i]] - x[c][corners[i - 1]])));
        }
      }
    }
    // stable: the steps of a curve stay in their order, equal gains in that of the curves
    steps.sort(Comparator.comparingDouble(Step::gain).reversed());
    for (Step step : steps) {
      int more = (int) Math.min(left, step.tokens());
      shares[step.curve()] += more;
      left -= more;
    }
    for (int c = 0; c < shares.length && left > 0; c++) {
      int more = (int) Math.min(left, room[c] - shares[c]);
      shares[c] += more;
      left -= more;
    }
    return shares;
  }
}
