package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration.BlockOrder;
import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Blocks that HeatKV (arXiv 2605.14877) has evicted when each map reads the cache; integers only. A
 * block is all tokens of one source map in one head of one layer. Every source map loses the same
 * number of blocks, the first of its order; the first s0 maps lose none.
 *
 * <p>When map t reads, x_t = ⌈(L·H·T_t − limit) / (T_t − T_s0)⌉ blocks of each source are evicted,
 * so that at most the limit stays between maps. The published method is strict: at most the limit
 * is stored after <em>every layer's</em> write, too. While map t runs through the layers, those
 * that are done store their tokens for map t+1; if the sum exceeds the limit, blocks that are due
 * after map t in later layers are evicted before it, from the last layer and the newest source on.
 *
 * <p>Evicted blocks never return. Letters: L layers, H heads, K maps of n_k tokens, T_t tokens
 * before map t; a head of a layer is the pair head·L + layer. All indices count from 0.
 */
final class HeatKvSchedule {
  private final ScaleSchedule schedule;
  private final int layers;
  private final int heads;
  private final int firstMap;
  private final int[][] order;
  private final long limit;

  /** Blocks absent when a map reads, [map][source][pair]. */
  private final boolean[][][] absent;

  private final int[] early;

  private HeatKvSchedule(
      ScaleSchedule schedule, int layers, int heads, long limit, BlockOrder order, boolean strict) {
    this.schedule = schedule;
    this.layers = layers;
    this.heads = heads;
    this.limit = limit;
    this.firstMap = order.firstMap();
    this.order = order.order();
    this.early = new int[schedule.scales()];
    this.absent = late(drops(schedule, layers * heads, limit, firstMap));
    if (strict) {
      for (int t = 0; t < schedule.scales() - 1; t++) {
        dropEarly(t);
      }
    }
  }

  /**
   * Returns the schedule of a model and a limit.
   *
   * @param limit tokens over all L·H heads
   * @param order blocks of each source, first evicted first
   * @param strict whether the limit applies after every layer's write, not only between maps
   * @throws BudgetTooSmallException if the limit is below the tokens that are never evicted
   */
  static HeatKvSchedule of(
      ScaleSchedule schedule, int layers, int heads, long limit, BlockOrder order, boolean strict) {
    check(schedule, layers, heads, order);
    return new HeatKvSchedule(schedule, layers, heads, limit, order, strict);
  }

  /**
   * Returns how many blocks of each source are evicted when each map reads, x_t [K].
   *
   * @param pairs L·H
   * @param limit tokens over all pairs
   * @param firstMap s0
   */
  static int[] drops(ScaleSchedule schedule, int pairs, long limit, int firstMap) {
    long retained = (long) pairs * schedule.tokensBefore(firstMap);
    if (limit < retained) {
      throw new BudgetTooSmallException(
          String.format(
              "policy heatkv: n/a, the first %d maps take %d tokens in every head, got a budget of"
                  + " %s",
              firstMap, schedule.tokensBefore(firstMap), (double) limit / pairs));
    }
    int[] drops = new int[schedule.scales()];
    for (int t = 0; t < drops.length; t++) {
      long over = (long) pairs * schedule.tokensBefore(t) - limit;
      if (over > 0) {
        long step = (long) schedule.tokensBefore(t) - schedule.tokensBefore(firstMap);
        drops[t] = (int) Math.min(pairs, (over + step - 1) / step);
      }
    }
    return drops;
  }

  private static void check(ScaleSchedule schedule, int layers, int heads, BlockOrder order) {
    int first = order.firstMap();
    int last = schedule.scales() - 2;
    Require.that(
        first >= 0 && first <= last && order.order().length == last + 1 - first,
        "policy heatkv: orders must be of maps s0 to %d, got %d from map %d",
        last,
        order.order().length,
        first);
    int[] pairs = IntStream.range(0, layers * heads).toArray();
    for (int i = 0; i < order.order().length; i++) {
      int[] sorted = order.order()[i].clone();
      Arrays.sort(sorted);
      Require.that(
          Arrays.equals(sorted, pairs),
          "policy heatkv: order of map %d must have each of %d heads in %d layers once, got %d"
              + " entries",
          first + i,
          heads,
          layers,
          sorted.length);
    }
  }

  private boolean[][][] late(int[] drops) {
    boolean[][][] gone = new boolean[drops.length][drops.length][layers * heads];
    for (int t = 0; t < drops.length; t++) {
      for (int s = firstMap; s < t; s++) {
        for (int rank = 0; rank < drops[t]; rank++) {
          gone[t][s][order[s - firstMap][rank]] = true;
        }
      }
    }
    return gone;
  }

  /**
   * Moves evictions that are due after map t before it, wherever the limit would be exceeded while
   * map t runs through the layers. There are always enough: with all due blocks evicted, no more is
   * stored than when map t+1 reads.
   */
  private void dropEarly(int t) {
    boolean[][] goal = absent[t + 1];
    boolean[][] now = Arrays.stream(absent[t]).map(boolean[]::clone).toArray(boolean[][]::new);
    for (int l = 0; l < layers; l++) {
      for (int s = firstMap; s <= t; s++) {
        for (int pair = l; pair < layers * heads; pair += layers) {
          now[s][pair] |= goal[s][pair];
        }
      }
      long stored = stored(now, t, l);
      for (int later = layers - 1; later > l && stored > limit; later--) {
        for (int s = t - 1; s >= firstMap && stored > limit; s--) {
          for (int rank = 0; rank < layers * heads && stored > limit; rank++) {
            int pair = order[s - firstMap][rank];
            if (pair % layers == later && goal[s][pair] && !now[s][pair]) {
              now[s][pair] = true;
              absent[t][s][pair] = true;
              early[t]++;
              stored -= schedule.tokens(s);
            }
          }
        }
      }
      if (stored > limit) {
        throw new IllegalStateException(
            String.format(
                "policy heatkv: scale %d, layer %d: stored tokens must be at most %d, got %d",
                t + 1, l, limit, stored));
      }
    }
  }

  /** Returns the tokens stored by all layers after layer {@code l} has written map t. */
  private long stored(boolean[][] gone, int t, int l) {
    long sum = (long) layers * heads * schedule.tokensBefore(Math.min(firstMap, t));
    for (int s = firstMap; s <= t; s++) {
      for (int pair = 0; pair < layers * heads; pair++) {
        boolean written = s < t || pair % layers <= l;
        sum += written && !gone[s][pair] ? schedule.tokens(s) : 0;
      }
    }
    return sum;
  }

  /**
   * Returns whether a head retains the tokens of map {@code source} when map {@code scale} reads.
   */
  boolean retains(int scale, int source, int layer, int head) {
    return source < scale && !absent[scale][source][head * layers + layer];
  }

  /** Returns the number of evictions due after map {@code scale} that were moved before it. */
  int early(int scale) {
    return early[scale];
  }

  /** Returns the positions of the tokens that a head retains when map {@code scale} reads. */
  int[] positions(int scale, int layer, int head) {
    return IntStream.range(0, scale)
        .filter(s -> retains(scale, s, layer, head))
        .flatMap(s -> IntStream.range(schedule.tokensBefore(s), schedule.tokensBefore(s + 1)))
        .toArray();
  }
}
