package io.scalekv.cache;

import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Tokens that each layer may store when each scale reads its cache, per head: the same for all
 * heads of a layer, or head by head. Checked when built:
 *
 * <ul>
 *   <li>at no scale does the mean over layers and heads exceed the budget B;
 *   <li>no head stores more than there is: its tokens at the scale before plus that map's;
 *   <li>in a plan by layers, nothing is evicted while the whole prefix has at most B tokens.
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

  /** Makes a plan of one number for all heads of a layer, [scale][layer]. */
  private static BudgetPlan byLayers(ScaleSchedule schedule, int budget, int[][] tokens) {
    int[][][] heads = new int[tokens.length][][];
    for (int k = 0; k < tokens.length; k++) {
      heads[k] = Arrays.stream(tokens[k]).mapToObj(t -> new int[] {t}).toArray(int[][]::new);
    }
    return new BudgetPlan(schedule, budget, heads, true);
  }

  /**
   * Returns the first scale whose prefix is longer than the budget, so that it reads a compressed
   * cache; K if there is none.
   *
   * @param budget mean tokens per layer and head B
   */
  public static int firstCutScale(ScaleSchedule schedule, int budget) {
    int prefix = 0;
    for (int k = 0; k < schedule.scales(); k++) {
      if (prefix > budget) {
        return k;
      }
      prefix += schedule.tokens(k);
    }
    return schedule.scales();
  }

  /** Makes a plan that gives every layer the budget. */
  public static BudgetPlan uniform(ScaleSchedule schedule, int layers, int budget) {
    return of(schedule, budget, new boolean[layers][schedule.scales()], new Allocation.Released());
  }

  /**
   * Makes a plan by roles.
   *
   * @param budget mean tokens per layer and head B, at least 1
   * @param drafter [layer][scale]; drafters at scales that read a complete cache have no effect
   * @param allocation shares of drafters and refiners
   */
  public static BudgetPlan of(
      ScaleSchedule schedule, int budget, boolean[][] drafter, Allocation allocation) {
    positive(budget, drafter.length);
    int scales = schedule.scales();
    for (int l = 0; l < drafter.length; l++) {
      Require.that(
          drafter[l].length == scales,
          "roles of layer %d must have %d scales, got %d",
          l,
          scales,
          drafter[l].length);
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
   * Makes a plan of given numbers, such as those of a file.
   *
   * @param tokens [scale][layer], tokens that a layer may store when a scale reads it
   */
  public static BudgetPlan ofTokens(ScaleSchedule schedule, int budget, int[][] tokens) {
    positive(budget, tokens.length == 0 ? 0 : tokens[0].length);
    return byLayers(schedule, budget, tokens);
  }

  /**
   * Makes a plan head by head, which may evict before it has to.
   *
   * @param tokens [scale][layer][head], tokens that a head may store when a scale reads it
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
   * Returns the largest equal share of the refiners that fits in {@code rest}, each clipped to its
   * room.
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

  /** Returns the stored tokens of each layer just before it is compressed for scale k. */
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
    Require.atLeast("budget", budget, 1);
    Require.atLeast("layers of a budget plan", layers, 1);
  }

  private void check(boolean byLayers) {
    Require.that(
        tokens.length == schedule.scales(),
        "budget plan must have %d scales, got %d",
        schedule.scales(),
        tokens.length);
    int layers = tokens[0].length;
    int heads = tokens[0][0].length;
    int first = byLayers ? firstCutScale(schedule, budget) : 0;
    for (int k = 0; k < tokens.length; k++) {
      Require.that(
          tokens[k].length == layers,
          "budget plan: scale %d must have %d layers, got %d",
          k + 1,
          layers,
          tokens[k].length);
      long sum = 0;
      for (int l = 0; l < layers; l++) {
        Require.that(
            tokens[k][l].length == heads,
            "budget plan: scale %d, layer %d must have %d heads, got %d",
            k + 1,
            l,
            heads,
            tokens[k][l].length);
        for (int h = 0; h < heads; h++) {
          checkRoom(k, l, h, k < first);
          sum += tokens[k][l][h];
        }
      }
      Require.that(
          sum <= (long) budget * layers * heads,
          "budget plan: scale %d must have at most %d tokens (%d layers, %d heads, budget %d), got"
              + " %d",
          k + 1,
          (long) budget * layers * heads,
          layers,
          heads,
          budget,
          sum);
    }
  }

  private void checkRoom(int k, int l, int h, boolean complete) {
    int room = held(k, l, h);
    int got = tokens[k][l][h];
    Require.that(
        got >= (complete ? room : 0) && got <= room,
        "budget plan: scale %d, layer %d, head %d must have %s %d tokens, got %d",
        k + 1,
        l,
        h,
        complete ? "all" : "at most",
        room,
        got);
  }

  /** Returns the token maps. */
  public ScaleSchedule schedule() {
    return schedule;
  }

  /** Returns the mean tokens per layer and head B that no scale exceeds. */
  public int budget() {
    return budget;
  }

  /** Returns the number of layers L. */
  public int layers() {
    return tokens[0].length;
  }

  /** Returns whether all heads of a layer store the same number of tokens. */
  public boolean headsAlike() {
    return tokens[0][0].length == 1;
  }

  /** Returns whether any head ever evicts a token. */
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

  /** Returns the first scale that reads a compressed cache; K if none does. */
  public int firstCutScale() {
    return firstCutScale(schedule, budget);
  }

  /**
   * Returns the tokens that each head of {@code layer} may store when {@code scale} reads its
   * cache, both 0-based.
   *
   * @throws IllegalStateException if the plan differs between heads
   */
  public int tokens(int scale, int layer) {
    if (!headsAlike()) {
      throw new IllegalStateException("budget plan differs between heads: ask for one head");
    }
    return tokens[scale][layer][0];
  }

  /** Returns the tokens that one head may store when {@code scale} reads its cache, all 0-based. */
  public int tokens(int scale, int layer, int head) {
    int[] heads = tokens[scale][layer];
    return heads[heads.length == 1 ? 0 : head];
  }

  /** Returns the stored tokens of {@code layer} just before it is compressed for {@code scale}. */
  public int held(int scale, int layer) {
    return held(scale, layer, 0);
  }

  private int held(int scale, int layer, int head) {
    return scale == 0 ? 0 : tokens(scale - 1, layer, head) + schedule.tokens(scale - 1);
  }

  /** Returns the mean tokens per layer and head when {@code scale} reads the cache. */
  public double mean(int scale) {
    return Arrays.stream(tokens[scale]).flatMapToInt(Arrays::stream).average().orElse(0);
  }

  /**
   * Returns the largest mean over the scales; a plan of whole maps may leave it below the budget.
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
