package io.scalekv.cache;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How many tokens each layer may hold when each scale reads its cache, per head: the same for all
 * heads of a layer, or head by head.
 *
 * <p>Whatever made the plan, these hold, and are checked when it is built:
 *
 * <ul>
 *   <li>at no scale does the mean over layers and heads exceed the budget B;
 *   <li>no head is to hold more than there is: its tokens at the scale before plus that map's;
 *   <li>in a plan by layers, nothing is cut while the whole history is at most B tokens.
 * </ul>
 */
public final class BudgetPlan {
  private final ScaleSchedule schedule;
  private final int budget;
  private final int[][][] tokens;

  private BudgetPlan(ScaleSchedule schedule, int budget, int[][][] tokens, boolean byLayers) {
    this.schedule = schedule;
    this.budget = budget;
    this.tokens = tokens;
    check(byLayers);
  }

  /** One number for all heads of a layer: [scale][layer] to [scale][layer][1]. */
  private static BudgetPlan byLayers(ScaleSchedule schedule, int budget, int[][] tokens) {
    int[][][] heads = new int[tokens.length][][];
    for (int k = 0; k < tokens.length; k++) {
      heads[k] = Arrays.stream(tokens[k]).mapToObj(t -> new int[] {t}).toArray(int[][]::new);
    }
    return new BudgetPlan(schedule, budget, heads, true);
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
    return byLayers(schedule, budget, tokens);
  }

  /**
   * A plan from elsewhere, such as a file.
   *
   * @param tokens [scale][layer], tokens that a layer may hold when a scale reads it
   */
  public static BudgetPlan ofTokens(ScaleSchedule schedule, int budget, int[][] tokens) {
    positive(budget, tokens.length == 0 ? 0 : tokens[0].length);
    return byLayers(schedule, budget, tokens);
  }

  /**
   * A plan head by head. It may cut before it has to.
   *
   * @param tokens [scale][layer][head], tokens that a head may hold when a scale reads it
   */
  public static BudgetPlan ofHeads(ScaleSchedule schedule, int budget, int[][][] tokens) {
    positive(budget, tokens.length == 0 ? 0 : tokens[0].length);
    int[][][] copy =
        Arrays.stream(tokens)
            .map(k -> Arrays.stream(k).map(int[]::clone).toArray(int[][]::new))
            .toArray(int[][][]::new);
    return new BudgetPlan(schedule, budget, copy, false);
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

  private void check(boolean byLayers) {
    if (tokens.length != schedule.scales()) {
      throw new IllegalArgumentException(
          "budget plan: " + schedule.scales() + " scales expected, got " + tokens.length);
    }
    int layers = tokens[0].length;
    int heads = tokens[0][0].length;
    int first = byLayers ? firstCutScale(schedule, budget) : 0;
    for (int k = 0; k < tokens.length; k++) {
      if (tokens[k].length != layers) {
        throw new IllegalArgumentException(
            String.format(
                "budget plan: scale %d: %d layers expected, got %d", k, layers, tokens[k].length));
      }
      long sum = 0;
      for (int l = 0; l < layers; l++) {
        if (tokens[k][l].length != heads) {
          throw new IllegalArgumentException(
              String.format(
                  "budget plan: scale %d, layer %d: %d heads expected, got %d",
                  k, l, heads, tokens[k][l].length));
        }
        for (int h = 0; h < heads; h++) {
          checkRoom(k, l, h, k < first);
          sum += tokens[k][l][h];
        }
      }
      long most = (long) budget * layers * heads;
      if (sum > most) {
        throw new IllegalArgumentException(
            String.format(
                "budget plan: scale %d: at most %d tokens over %d layers%s expected"
                    + " (budget %d each), got %d",
                k, most, layers, heads == 1 ? "" : " of " + heads + " heads", budget, sum));
      }
    }
  }

  private void checkRoom(int k, int l, int h, boolean uncut) {
    int room = held(k, l, h);
    int least = uncut ? room : 0;
    int got = tokens[k][l][h];
    if (got < least || got > room) {
      throw new IllegalArgumentException(
          String.format(
              "budget plan: scale %d, layer %d%s: %d to %d tokens expected (it holds %d), got %d",
              k, l, tokens[k][l].length == 1 ? "" : ", head " + h, least, room, room, got));
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

  /** Whether all heads of a layer hold equally many tokens. */
  public boolean headsAlike() {
    return tokens[0][0].length == 1;
  }

  /** Whether any head ever drops a token. */
  public boolean evicts() {
    for (int k = 0; k < tokens.length; k++) {
      for (int l = 0; l < layers(); l++) {
        for (int h = 0; h < tokens[k][l].length; h++) {
          if (tokens[k][l][h] < schedule.tokensBefore(k)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /** The first scale that reads a cut cache; K where none does. */
  public int firstCutScale() {
    return firstCutScale(schedule, budget);
  }

  /** How many scales read a cut cache. */
  public int cutScales() {
    return schedule.scales() - firstCutScale();
  }

  /**
   * Tokens that each head of {@code layer} may hold when {@code scale} reads its cache, both
   * 0-based; an error in a plan head by head.
   */
  public int tokens(int scale, int layer) {
    if (!headsAlike()) {
      throw new IllegalStateException(
          "budget plan: one number for all heads of a layer expected, got one for each of "
              + tokens[0][0].length);
    }
    return tokens[scale][layer][0];
  }

  /** Tokens that one head may hold when {@code scale} reads its cache, all 0-based. */
  public int tokens(int scale, int layer, int head) {
    int[] heads = tokens[scale][layer];
    return heads[heads.length == 1 ? 0 : head];
  }

  /** Tokens that {@code layer} holds just before it is cut for {@code scale}, both 0-based. */
  public int held(int scale, int layer) {
    return held(scale, layer, 0);
  }

  private int held(int scale, int layer, int head) {
    return scale == 0 ? 0 : tokens(scale - 1, layer, head) + schedule.tokens(scale - 1);
  }

  /** Mean tokens per layer and head when {@code scale} reads the cache. */
  public double mean(int scale) {
    return Arrays.stream(tokens[scale]).flatMapToInt(Arrays::stream).average().orElse(0);
  }

  /**
   * The largest mean over the scales: what is really held at most, which a plan of whole maps may
   * leave below the budget.
   */
  public double largestMean() {
    return IntStream.range(0, tokens.length).mapToDouble(this::mean).max().orElse(0);
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
