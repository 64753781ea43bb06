package io.scalekv.cache;

import java.util.function.IntFunction;

/**
 * Policy that retains the tokens of highest score: a plan and a scorer.
 *
 * @param name as reports state it
 * @param plan tokens per scale, layer and head
 * @param scorer maker of a layer's scorer, called for every generation
 */
public record ScoredPolicy(String name, BudgetPlan plan, IntFunction<TokenScorer> scorer)
    implements CachePolicy {
  /** Makes a policy whose scorer has no state and is the same in all layers. */
  public static ScoredPolicy of(String name, BudgetPlan plan, TokenScorer scorer) {
    return new ScoredPolicy(name, plan, layer -> scorer);
  }

  @Override
  public TokenSelector selector(int layer) {
    TokenScorer own = scorer.apply(layer);
    return in -> TopTokens.of(own.score(in), in.heads().length, in.tokens(), in.budget());
  }
}
