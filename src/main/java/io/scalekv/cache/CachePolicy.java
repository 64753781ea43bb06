package io.scalekv.cache;

/**
 * A way to live with a small cache: how many tokens each head may hold when each map reads them,
 * and which they are. Made for one model geometry and one budget, used for any number of
 * generations.
 */
public interface CachePolicy {
  /** Name with its settings, as reports state it. */
  String name();

  /** Tokens that each head may hold, per scale and layer. */
  BudgetPlan plan();

  /** A keeper for one layer of one generation. */
  Keeper keeper(int layer);

  /**
   * Whether tokens are chosen before the map is attended, so that attention too reads only those
   * that stay. The last map, after which nothing stays, then reads as many as its plan has, unless
   * the plan cuts nowhere.
   */
  default boolean choosesBeforeAttention() {
    return false;
  }
}
