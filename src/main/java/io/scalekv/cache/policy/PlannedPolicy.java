package io.scalekv.cache.policy;

import io.scalekv.cache.Attended;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Keeper;
import io.scalekv.cache.Kept;
import java.util.Arrays;

/**
 * A policy that knows before the first map which tokens stay: it looks at neither queries nor keys.
 *
 * @param name as reports state it
 * @param plan tokens per scale, layer and head
 * @param positions the tokens held
 */
record PlannedPolicy(String name, BudgetPlan plan, Positions positions) implements CachePolicy {
  /** Tokens held at every moment. */
  @FunctionalInterface
  interface Positions {
    /**
     * Positions in the sequence of all maps, ascending, of the tokens that a head holds when map
     * {@code scale} reads its cache; those of an earlier map that are missing are missing for good.
     */
    int[] held(int scale, int layer, int head);
  }

  /**
   * The policy of these positions.
   *
   * @param heads H, or 1 where all heads of a layer hold the same
   */
  static PlannedPolicy of(String name, PolicyContext c, int heads, Positions positions) {
    int[][][] tokens = new int[c.schedule().scales()][c.layers()][heads];
    for (int k = 0; k < tokens.length; k++) {
      for (int l = 0; l < c.layers(); l++) {
        for (int h = 0; h < heads; h++) {
          tokens[k][l][h] = positions.held(k, l, h).length;
        }
      }
    }
    return new PlannedPolicy(name, BudgetPlan.ofHeads(c.schedule(), c.budget(), tokens), positions);
  }

  @Override
  public Keeper keeper(int layer) {
    return this::keep;
  }

  private Kept keep(Attended a) {
    int[][] kept = new int[a.heads().length][];
    for (int g = 0; g < kept.length; g++) {
      int head = a.heads()[g];
      int[] before = positions.held(a.scale(), a.layer(), head);
      if (before.length != a.history()) {
        throw new IllegalStateException(
            String.format(
                "policy %s, layer %d, head %d, scale %d: %d held tokens expected, got %d",
                name, a.layer(), head, a.scale(), before.length, a.history()));
      }
      int newest = a.schedule().tokensBefore(a.scale());
      kept[g] =
          Arrays.stream(positions.held(a.scale() + 1, a.layer(), head))
              .map(p -> p < newest ? Arrays.binarySearch(before, p) : before.length + p - newest)
              .toArray();
    }
    return Kept.alike(kept);
  }
}
