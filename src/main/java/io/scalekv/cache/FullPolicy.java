package io.scalekv.cache;

import java.util.Map;

/** Everything is kept: the reference of every comparison. */
public final class FullPolicy implements CachePolicy {
  static final PolicyKind KIND =
      new PolicyKind(
          "full",
          "every token is kept, whatever the budget",
          Map.of(),
          (spec, c) -> new FullPolicy(c.schedule(), c.layers()));

  private final BudgetPlan plan;

  /** For a model of so many layers. */
  public FullPolicy(ScaleSchedule schedule, int layers) {
    this.plan = BudgetPlan.uniform(schedule, layers, Math.max(1, schedule.historyTokens()));
  }

  @Override
  public String name() {
    return "full";
  }

  @Override
  public BudgetPlan plan() {
    return plan;
  }

  @Override
  public Keeper keeper(int layer) {
    return a -> {
      throw new IllegalStateException("full cache: a budget for all tokens expected");
    };
  }
}
