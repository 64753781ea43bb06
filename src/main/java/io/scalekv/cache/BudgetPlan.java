package io.scalekv.cache;

import java.util.Arrays;

/**
 * How many tokens each layer may hold when each scale reads its cache (per head, the same for all
 * heads of a layer).
 *
 * <p>Whatever made the plan, these hold, and are checked when it is built:
 *
 * <ul>
 *   <li>at no scale does the mean over layers exceed the budget B;
 *   <li>no layer is to hold more than there is: its tokens at the scale before plus that map's;
 *   <li>nothing is cut while the whole history of a layer is at most B tokens.
 * </ul>
 */
public final class BudgetPlan {
  private final ScaleSchedule schedule;
  private final int budget;
  private final int[][] tokens;

  private BudgetPlan(ScaleSchedule schedule, int budget, int[][] tokens) {
    this.schedule = schedule;
    this.budget = budget;
    this.tokens = tokens;
    check();
  }

  /**
   * The first scale whose history is longer than the budget, so that it reads a cut cache; K where
   * none is.
   *
   * @param budget mean tokens per layer and head B
   */
  public static int firstCutScale(ScaleSchedule schedule, int budget) {
    int history = 0;
    for (int k = 0; k < schedule.scales(); k++) {
      if (history > budget) {
        return k;
      }
      history += schedule.tokens(k);
    }
    return schedule.scales();
  }

  /** Every layer holds the same budget. */
  public static BudgetPlan uniform(ScaleSchedule schedule, int layers, int budget) {
    return of(schedule, budget, new boolean[layers][schedule.scales()], new Allocation.Released());
  }

  /**
   * Shares a budget out by roles.
   *
   * @param budget mean tokens per layer and head B, at least 1
   * @param drafter [layer][scale]; drafters at scales that read an uncut cache have no effect
   * @param allocation how drafters and refiners share a scale's budget
   */
  public static BudgetPlan of(
      ScaleSchedule schedule, int budget, boolean[][] drafter, Allocation allocation) {
    positive(budget, drafter.length);
    int scales = schedule.scales();
    for (int l = 0; l < drafter.length; l++) {
      if (drafter[l].length != scales) {
        throw new IllegalArgumentException(
            String.format(
                "budget plan: roles of layer %d: %d scales expected, got %d",
                l, scales, drafter[l].length));
      }
    }
    int layers = drafter.length;
    int first = firstCutScale(schedule, budget);
    int[][] tokens = new int[scales][layers];
    for (int k = 0; k < scales; k++) {
      int[] room = room(schedule, tokens, k);
      if (k < first) {
        tokens[k] = room;
        continue;
      }
      boolean[] column = new boolean[layers];
      for (int l = 0; l < layers; l++) {
        column[l] = drafter[l][k];
      }
      tokens[k] = share(budget, k - first, column, room, allocation);
    }
    return new BudgetPlan(schedule, budget, tokens);
  }

  /**
   * A plan from elsewhere, such as a file.
   *
   * @param tokens [scale][layer], tokens that a layer may hold when a scale reads it
   */
  public static BudgetPlan ofTokens(ScaleSchedule schedule, int budget, int[][] tokens) {
    positive(budget, tokens.length == 0 ? 0 : tokens[0].length);
    int[][] copy = new int[tokens.length][];
    for (int k = 0; k < tokens.length; k++) {
      copy[k] = tokens[k].clone();
    }
    return new BudgetPlan(schedule, budget, copy);
  }

  private static int[] share(
      int budget, int step, boolean[] drafter, int[] room, Allocation allocation) {
    int layers = room.length;
    int drafters = 0;
    for (boolean d : drafter) {
      drafters += d ? 1 : 0;
    }
    boolean alike = drafters == 0 || drafters == layers;
    int drafterTokens = alike ? budget : allocation.drafterTokens(budget, step, drafter, room);
    int[] tokens = new int[layers];
    long rest = (long) budget * layers;
    for (int l = 0; l < layers; l++) {
      if (alike || drafter[l]) {
        tokens[l] = Math.min(drafterTokens, room[l]);
        rest -= tokens[l];
      }
    }
    if (!alike) {
      int level = level(rest, drafter, room);
      for (int l = 0; l < layers; l++) {
        if (!drafter[l]) {
          tokens[l] = Math.min(level, room[l]);
        }
      }
    }
    return tokens;
  }

  /**
   * The largest equal share of the refiners that fits in {@code rest}, each clipped to its room.
   */
  private static int level(long rest, boolean[] drafter, int[] room) {
    int low = 0;
    int high = Arrays.stream(room).max().orElse(0);
    while (low < high) {
      int middle = low + (high - low + 1) / 2;
      long sum = 0;
      for (int l = 0; l < room.length; l++) {
        sum += drafter[l] ? 0 : Math.min(middle, room[l]);
      }
      if (sum <= rest) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** Tokens that each layer holds just before it is cut for scale k. */
  private static int[] room(ScaleSchedule schedule, int[][] tokens, int k) {
    int[] room = new int[tokens[0].length];
    if (k > 0) {
      for (int l = 0; l < room.length; l++) {
        room[l] = tokens[k - 1][l] + schedule.tokens(k - 1);
      }
    }
    return room;
  }

  private static void positive(int budget, int layers) {
    if (budget < 1 || layers < 1) {
      throw new IllegalArgumentException(
          "budget plan: at least 1 token and 1 layer expected, got " + budget + " and " + layers);
    }
  }

  private void check() {
    if (tokens.length != schedule.scales()) {
      throw new IllegalArgumentException(
          "budget plan: " + schedule.scales() + " scales expected, got " + tokens.length);
    }
    int layers = tokens[0].length;
    int first = firstCutScale(schedule, budget);
    for (int k = 0; k < tokens.length; k++) {
      if (tokens[k].length != layers) {
        throw new IllegalArgumentException(
            String.format(
                "budget plan: scale %d: %d layers expected, got %d", k, layers, tokens[k].length));
      }
      int[] room = room(schedule, tokens, k);
      long sum = 0;
      for (int l = 0; l < layers; l++) {
        int least = k < first ? room[l] : 0;
        if (tokens[k][l] < least || tokens[k][l] > room[l]) {
          throw new IllegalArgumentException(
              String.format(
                  "budget plan: scale %d, layer %d: %d to %d tokens expected (it holds %d), got %d",
                  k, l, least, room[l], room[l], tokens[k][l]));
        }
        sum += tokens[k][l];
      }
      if (sum > (long) budget * layers) {
        throw new IllegalArgumentException(
            String.format(
                "budget plan: scale %d: at most %d tokens over %d layers expected"
                    + " (budget %d a layer), got %d",
                k, (long) budget * layers, layers, budget, sum));
      }
    }
  }

  /** The token maps. */
  public ScaleSchedule schedule() {
    return schedule;
  }

  /** Mean tokens per layer and head B that no scale exceeds. */
  public int budget() {
    return budget;
  }

  /** Number of layers L. */
  public int layers() {
    return tokens[0].length;
  }

  /** The first scale that reads a cut cache; K where none does. */
  public int firstCutScale() {
    return firstCutScale(schedule, budget);
  }

  /** How many scales read a cut cache. */
  public int cutScales() {
    return schedule.scales() - firstCutScale();
  }

  /** Tokens that {@code layer} may hold when {@code scale} reads its cache, both 0-based. */
  public int tokens(int scale, int layer) {
    return tokens[scale][layer];
  }

  /** Tokens that {@code layer} holds just before it is cut for {@code scale}, both 0-based. */
  public int held(int scale, int layer) {
    return scale == 0 ? 0 : tokens[scale - 1][layer] + schedule.tokens(scale - 1);
  }

  /** Tokens of all layers when {@code scale} reads the cache. */
  public long sum(int scale) {
    return Arrays.stream(tokens[scale]).asLongStream().sum();
  }

  /** Mean tokens per layer when {@code scale} reads the cache. */
  public double mean(int scale) {
    return (double) sum(scale) / layers();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BudgetPlan plan
        && budget == plan.budget
        && schedule.equals(plan.schedule)
        && Arrays.deepEquals(tokens, plan.tokens);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * schedule.hashCode() + budget) + Arrays.deepHashCode(tokens);
  }

  @Override
  public String toString() {
    return "budget plan of " + budget + " tokens over " + layers() + " layers, " + schedule.maps();
  }
}
