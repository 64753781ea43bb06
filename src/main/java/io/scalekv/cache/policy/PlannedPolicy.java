package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenSelector;
import java.util.Arrays;

/**
 * Policy whose retained tokens are known before the first scale: independent of queries and keys.
 *
 * @param name as reports state it
 * @param plan tokens per scale, layer and head
 * @param positions the retained tokens
 */
record PlannedPolicy(String name, BudgetPlan plan, Positions positions) implements CachePolicy {
  /** Retained tokens at every scale. */
  @FunctionalInterface
  interface Positions {
    /**
     * Returns the positions in the sequence of all maps, ascending, of the tokens that a head
     * retains when {@code scale} reads its cache; evicted tokens never return.
     */
    int[] of(int scale, int layer, int head);
  }

  /**
   * Makes the policy of these positions.
   *
   * @param heads H, or 1 where all heads of a layer retain the same
   */
  static PlannedPolicy of(String name, PolicyContext c, int heads, Positions positions) {
    int[][][] tokens = new int[c.schedule().scales()][c.layers()][heads];
    for (int k = 0; k < tokens.length; k++) {
      for (int l = 0; l < c.layers(); l++) {
        for (int h = 0; h < heads; h++) {
          tokens[k][l][h] = positions.of(k, l, h).length;
        }
      }
    }
    return new PlannedPolicy(name, BudgetPlan.ofHeads(c.schedule(), c.budget(), tokens), positions);
  }

  @Override
  public TokenSelector selector(int layer) {
    return this::select;
  }

  private RetainedTokens select(SelectionInputs in) {
    int[][] retained = new int[in.heads().length][];
    for (int g = 0; g < retained.length; g++) {
      int head = in.heads()[g];
      int[] before = positions.of(in.scale(), in.layer(), head);
      if (before.length != in.prefix()) {
        throw new IllegalStateException(
            String.format(
                "policy %s, layer %d, head %d, scale %d: cache must hold %d tokens, got %d",
                name, in.layer(), head, in.scale() + 1, before.length, in.prefix()));
      }
      int newest = in.schedule().tokensBefore(in.scale());
      retained[g] =
          Arrays.stream(positions.of(in.scale() + 1, in.layer(), head))
              .map(p -> p < newest ? Arrays.binarySearch(before, p) : before.length + p - newest)
              .toArray();
    }
    return RetainedTokens.alike(retained);
  }
}
