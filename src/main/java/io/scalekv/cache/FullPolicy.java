package io.scalekv.cache;

/** Full cache: retains all tokens, the reference of every comparison. */
public final class FullPolicy implements CachePolicy {
  private final BudgetPlan plan;

  /** Full cache of a model with this number of layers. */
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
  public TokenSelector selector(int layer) {
    return in -> {
      throw new IllegalStateException("full cache must not evict, got a smaller budget");
    };
  }
}
