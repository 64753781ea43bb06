package io.scalekv.cache;

/**
 * KV-cache settings of a generation.
 *
 * @param policy of all batch rows, or of the conditional ones where {@code unconditional} is given
 * @param unconditional of the unconditional rows, or null for the same as the others
 * @param keys how keys are stored
 * @param values how values are stored
 */
public record CacheSettings(
    CachePolicy policy, CachePolicy unconditional, CacheType keys, CacheType values) {
  /** Returns a full cache in float32. */
  public static CacheSettings full(ScaleSchedule schedule, int layers) {
    return of(new FullPolicy(schedule, layers));
  }

  /** Returns one policy for all rows, in float32. */
  public static CacheSettings of(CachePolicy policy) {
    return new CacheSettings(policy, null, CacheType.FP32, CacheType.FP32);
  }

  /** Plans of the branches in the order of their work: one for all, or one for each. */
  public BudgetPlan[] plans(boolean guided) {
    return unconditional == null || !guided
        ? new BudgetPlan[] {policy.plan()}
        : new BudgetPlan[] {policy.plan(), unconditional.plan()};
  }
}
