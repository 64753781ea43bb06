package io.scalekv.cache;

/**
 * Policy of a KV cache: decides how many and which tokens each head retains at each scale. Made for
 * one geometry and one budget, used for any number of generations.
 */
public interface CachePolicy {
  /** Returns the name with its settings, as reports state it. */
  String name();

  /** Tokens that each head may store, per scale and layer. */
  BudgetPlan plan();

  /** Returns a selector for one layer of one generation. */
  TokenSelector selector(int layer);

  /**
   * Returns whether tokens are selected before the scale is attended, so that attention reads only
   * retained tokens. The last scale, after which nothing is stored, then reads as many tokens as
   * its plan has, unless the plan never evicts.
   */
  default boolean selectsBeforeAttention() {
    return false;
  }
}
