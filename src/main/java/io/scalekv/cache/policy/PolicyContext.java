package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;

/**
 * What a policy is made for.
 *
 * @param schedule token maps
 * @param layers L
 * @param heads H
 * @param budget mean tokens per layer and head, b
 * @param seed of policies that draw
 * @param calibration what was measured on the model
 */
public record PolicyContext(
    ScaleSchedule schedule,
    int layers,
    int heads,
    int budget,
    long seed,
    PolicyCalibration calibration) {
  /** Checks the numbers. */
  public PolicyContext {
    if (layers < 1 || heads < 1 || budget < 1) {
      throw new IllegalArgumentException(
          String.format(
              "policy: at least 1 layer, head and token expected, got %d, %d, %d",
              layers, heads, budget));
    }
  }

  /** The same budget for every layer and head. */
  public BudgetPlan uniform() {
    return BudgetPlan.uniform(schedule, layers, budget);
  }
}
