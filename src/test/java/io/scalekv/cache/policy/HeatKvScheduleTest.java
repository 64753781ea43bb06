package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration.BlockOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class HeatKvScheduleTest {
  private static final ScaleSchedule INFINITY =
      ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64);
  private static final ScaleSchedule VAR = ScaleSchedule.ofSides(1, 2, 3, 4, 5, 6, 8, 10, 13, 16);

  /** A share of the full cache as tokens over all pairs. */
  private static long limit(ScaleSchedule schedule, int pairs, double share) {
    return (long) Math.floor(share * pairs * schedule.historyTokens() + 1e-9);
  }

  @ParameterizedTest
  @CsvSource({
    "512, 1300, 9:69 10:251 11:353 12:410",
    "512, 265, 7:263 8:374 9:428 10:463 11:482 12:493",
    "512, 650, 8:155 9:294 10:384 11:434 12:462",
    "512, 0.1, 8:159 9:297 10:385 11:435 12:463",
    "512, 0.04, 6:17 7:271 8:378 9:431 10:464 11:483 12:494",
    "512, 0.2, 9:74 10:254 11:355 12:411",
    "1120, 650, 8:338 9:643 10:839 11:949 12:1010",
    "1120, 0.1, 8:347 9:649 10:842 11:951 12:1012"
  })
  void dropsOfInfinity(int pairs, double budget, String expected) {
    assertDrops(INFINITY, pairs, budget, expected);
  }

  @ParameterizedTest
  @CsvSource({"256, 85, 6:20 7:128 8:181 9:212", "256, 17, 4:208 5:238 6:247 7:251 8:253 9:255"})
  void dropsOfVar(int pairs, double budget, String expected) {
    assertDrops(VAR, pairs, budget, expected);
  }

  private static void assertDrops(
      ScaleSchedule schedule, int pairs, double budget, String expected) {
    int[] x = new int[schedule.scales()];
    for (String entry : expected.split(" ")) {
      String[] parts = entry.split(":");
      x[Integer.parseInt(parts[0])] = Integer.parseInt(parts[1]);
    }
    long limit = budget < 1 ? limit(schedule, pairs, budget) : (long) (pairs * budget);
    assertArrayEquals(x, HeatKvSchedule.drops(schedule, pairs, limit, 3));
    for (int t = 4; t < x.length; t++) {
      int step = schedule.tokensBefore(t) - schedule.tokensBefore(3);
      long full = (long) pairs * schedule.tokensBefore(t);
      assertTrue(full - (long) x[t] * step <= limit);
      assertTrue(x[t] == 0 || full - (long) (x[t] - 1) * step > limit, "more than needed");
      assertTrue(x[t] >= x[t - 1], "what is dropped never returns");
    }
  }

  @Test
  void budgetsBelowTheFirstMapsAreRefused() {
    Exception e =
        assertThrows(
            BudgetTooSmallException.class,
            () -> HeatKvSchedule.drops(INFINITY, 512, 512 * 20L + 511, 3));
    assertTrue(e.getMessage().contains("21 tokens"), e.getMessage());
    assertTrue(e.getMessage().endsWith("20.998046875"), e.getMessage());
    HeatKvSchedule.drops(INFINITY, 512, 512 * 21L, 3);
    assertThrows(
        IllegalArgumentException.class,
        () -> HeatKvSchedule.drops(VAR, 256, limit(VAR, 256, 0.01), 3));
  }

  @Test
  void wrongOrdersAreRefused() {
    ScaleSchedule s = ScaleSchedule.ofSides(1, 2, 3);
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> HeatKvSchedule.of(s, 1, 2, 9, new BlockOrder(1, new int[][] {{0, 0}}), true));
    assertTrue(e.getMessage().contains("order of map 1"), e.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> HeatKvSchedule.of(s, 1, 2, 9, new BlockOrder(0, new int[][] {{0, 1}}), true));
    assertThrows(
        IllegalArgumentException.class,
        () -> HeatKvSchedule.of(s, 1, 2, 9, new BlockOrder(2, new int[0][]), true));
  }

  @Test
  void wrongOrdersAreNamed() {
    ScaleSchedule s = ScaleSchedule.ofSides(1, 2, 3, 4);
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                HeatKvSchedule.of(s, 1, 2, 99, new BlockOrder(1, new int[][] {{1, 0}, {0}}), true));
    assertTrue(e.getMessage().contains("order of map 2"), e.getMessage());
    HeatKvSchedule all =
        HeatKvSchedule.of(s, 1, 2, 99, new BlockOrder(1, new int[][] {{1, 0}, {0, 1}}), true);
    assertTrue(all.retains(2, 1, 0, 0));
    assertFalse(all.retains(2, 2, 0, 0), "a map that is being made is not in the cache yet");
    assertFalse(all.retains(2, 3, 0, 0));
  }

  /** A block: all tokens of map s in head h of layer l. */
  private record Block(int s, int h, int l) {}

  /** A model small enough for the obvious way. */
  private record Small(
      ScaleSchedule schedule, int layers, int heads, long limit, BlockOrder order) {
    static Small random(int seed) {
      SplittableRandom random = new SplittableRandom(seed);
      int scales = random.nextInt(3, 8);
      int[] sides = new int[scales];
      sides[0] = 1;
      for (int k = 1; k < scales; k++) {
        sides[k] = sides[k - 1] + random.nextInt(4);
      }
      ScaleSchedule schedule = ScaleSchedule.ofSides(sides);
      int layers = random.nextInt(1, 7);
      int heads = random.nextInt(1, 5);
      int first = random.nextInt(0, scales - 1);
      int least = Math.max(1, schedule.tokensBefore(first));
      int budget = random.nextInt(least, Math.max(least + 1, schedule.historyTokens() / 2));
      boolean related = random.nextBoolean();
      int[][] order = new int[scales - 1 - first][];
      for (int i = 0; i < order.length; i++) {
        order[i] = IntStream.range(0, layers * heads).toArray();
        if (related && i > 0) {
          order[i] = order[i - 1].clone();
        }
        for (int n = related ? 1 : order[i].length; n > 0; n--) {
          int a = random.nextInt(order[i].length);
          int b = random.nextInt(order[i].length);
          int swap = order[i][a];
          order[i][a] = order[i][b];
          order[i][b] = swap;
        }
      }
      long limit = (long) layers * heads * budget + random.nextInt(layers * heads);
      return new Small(schedule, layers, heads, limit, new BlockOrder(first, order));
    }

    HeatKvSchedule make(boolean strict) {
      return HeatKvSchedule.of(schedule, layers, heads, limit, order, strict);
    }

    int rank(Block b) {
      int[] list = order.order()[b.s - order.firstMap()];
      return IntStream.range(0, list.length)
          .filter(r -> list[r] == b.h * layers + b.l)
          .findFirst()
          .orElseThrow();
    }

    List<Block> blocks(int from, int to) {
      List<Block> all = new ArrayList<>();
      for (int s = from; s < to; s++) {
        for (int h = 0; h < heads; h++) {
          for (int l = 0; l < layers; l++) {
            all.add(new Block(s, h, l));
          }
        }
      }
      return all;
    }

    /** Blocks absent while map t is attended, between maps. */
    Set<Block> late(int t) {
      int pairs = layers * heads;
      double over = (double) pairs * schedule.tokensBefore(t) - limit;
      int protectedTokens = schedule.tokensBefore(order.firstMap());
      double x =
          over <= 0
              ? 0
              : Math.min(pairs, Math.ceil(over / (schedule.tokensBefore(t) - protectedTokens)));
      Set<Block> set = new HashSet<>(blocks(order.firstMap(), t));
      set.removeIf(b -> rank(b) >= x);
      return set;
    }

    long stored(Set<Block> gone, int t, int written) {
      return blocks(0, t + 1).stream()
          .filter(b -> b.s < t || b.l <= written)
          .filter(b -> b.s >= order.firstMap() || b.s < t)
          .filter(b -> !gone.contains(b))
          .mapToLong(b -> schedule.tokens(b.s))
          .sum();
    }

    /** The strict method from its description, with sets. */
    List<Set<Block>> strict() {
      List<Set<Block>> absent = new ArrayList<>();
      Set<Block> active = new HashSet<>();
      for (int t = 0; t < schedule.scales() - 1; t++) {
        Set<Block> goal = late(t + 1);
        Set<Block> now = new HashSet<>(active);
        Set<Block> early = new HashSet<>();
        int map = t;
        for (int l = 0; l < layers; l++) {
          int layer = l;
          goal.stream().filter(b -> b.l == layer).forEach(now::add);
          List<Block> candidates =
              goal.stream()
                  .filter(b -> !now.contains(b) && b.l > layer && b.s < map)
                  .sorted(
                      Comparator.comparingInt((Block b) -> -b.l)
                          .thenComparingInt(b -> -b.s)
                          .thenComparingInt(this::rank))
                  .toList();
          for (Block b : candidates) {
            if (stored(now, t, l) > limit) {
              now.add(b);
              early.add(b);
            }
          }
        }
        early.addAll(active);
        absent.add(early);
        active = goal;
      }
      absent.add(active);
      return absent;
    }
  }

  static IntStream seeds() {
    return IntStream.rangeClosed(1, 120);
  }

  private static Set<Block> absent(HeatKvSchedule schedule, Small m, int t) {
    Set<Block> gone = new HashSet<>(m.blocks(0, t));
    gone.removeIf(b -> schedule.retains(t, b.s, b.l, b.h));
    return gone;
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void agreesWithSetsOfBlocks(int seed) {
    Small m = Small.random(seed);
    HeatKvSchedule strict = m.make(true);
    HeatKvSchedule loose = m.make(false);
    List<Set<Block>> expected = m.strict();
    for (int t = 0; t < m.schedule.scales(); t++) {
      assertEquals(expected.get(t), absent(strict, m, t), "map " + t);
      assertEquals(m.late(t), absent(loose, m, t), "map " + t);
      assertEquals(expected.get(t).size() - m.late(t).size(), strict.early(t));
      assertEquals(0, loose.early(t));
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void strictHoldsTheLimitAfterEveryWrite(int seed) {
    Small m = Small.random(seed);
    for (boolean strict : new boolean[] {true, false}) {
      HeatKvSchedule schedule = m.make(strict);
      for (int t = 1; t < m.schedule.scales(); t++) {
        int map = t;
        assertTrue(
            absent(schedule, m, t).containsAll(absent(schedule, m, t - 1)),
            "what is dropped never returns");
        long between =
            m.blocks(0, t).stream()
                .filter(b -> schedule.retains(map, b.s, b.l, b.h))
                .mapToLong(b -> m.schedule.tokens(b.s))
                .sum();
        assertTrue(between <= m.limit);
      }
      if (!strict) {
        continue;
      }
      for (int t = 0; t < m.schedule.scales() - 1; t++) {
        for (int written = 0; written < m.layers; written++) {
          long stored = 0;
          for (int l = 0; l < m.layers; l++) {
            for (int h = 0; h < m.heads; h++) {
              stored += schedule.positions(l <= written ? t + 1 : t, l, h).length;
            }
          }
          assertTrue(stored <= m.limit, "map " + t + " layer " + written);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void noMoreIsDroppedEarlyThanNeeded(int seed) {
    Small m = Small.random(seed);
    HeatKvSchedule strict = m.make(true);
    for (int t = 0; t < m.schedule.scales() - 1; t++) {
      int map = t;
      Set<Block> early = absent(strict, m, t);
      early.removeAll(m.late(t));
      if (!early.isEmpty()) {
        assertTrue(early.stream().anyMatch(b -> passesLimitWithout(m, strict, map, b)), "map " + t);
      }
    }
  }

  /** Whether the limit is passed at some layer if this block stays until its layer is through. */
  private static boolean passesLimitWithout(Small m, HeatKvSchedule strict, int t, Block b) {
    Set<Block> gone = absent(strict, m, t);
    gone.remove(b);
    for (int l = 0; l < m.layers; l++) {
      int layer = l;
      m.late(t + 1).stream().filter(o -> o.l == layer).forEach(gone::add);
      if (m.stored(gone, t, l) > m.limit) {
        return true;
      }
    }
    return false;
  }

  @Test
  void relatedOrdersLeaveMostHeadsTheProtectedTokens() {
    int[] one = IntStream.range(0, 512).toArray();
    int[][] order = new int[9][];
    Arrays.fill(order, one);
    HeatKvSchedule schedule =
        HeatKvSchedule.of(
            INFINITY, 32, 16, limit(INFINITY, 512, 0.1), new BlockOrder(3, order), true);
    long bare = 0;
    for (int l = 0; l < 32; l++) {
      for (int h = 0; h < 16; h++) {
        bare += schedule.positions(12, l, h).length == 21 ? 1 : 0;
      }
    }
    assertEquals(463, bare, "x_12 where all sources have one order");
  }
}
