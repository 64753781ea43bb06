package io.scalekv.cache;

import java.util.function.IntFunction;

/**
 * A policy that keeps the tokens of highest score: a plan and a scorer.
 *
 * @param name as reports state it
 * @param plan tokens per scale, layer and head
 * @param scorer the scorer of a layer, made anew for every generation
 */
public record ScoredPolicy(String name, BudgetPlan plan, IntFunction<KeepScorer> scorer)
    implements CachePolicy {
  /** A policy whose scorer remembers nothing and is alike in all layers. */
  public static ScoredPolicy of(String name, BudgetPlan plan, KeepScorer scorer) {
    return new ScoredPolicy(name, plan, layer -> scorer);
  }

  @Override
  public Keeper keeper(int layer) {
    KeepScorer own = scorer.apply(layer);
    return a -> TopTokens.of(own.score(a), a.heads().length, a.tokens(), a.budget());
  }
}
