package io.scalekv.cache;

/** Everything is kept: the reference of every comparison. */
public final class FullPolicy implements CachePolicy {
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
