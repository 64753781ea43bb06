package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;

/**
 * Model, budget and calibration that a policy is made for.
 *
 * @param schedule token maps
 * @param geometry layers and heads of the model
 * @param budget mean tokens per layer and head, b
 * @param seed of policies that draw random numbers
 * @param calibration parts measured on the model
 */
public record PolicyContext(
    ScaleSchedule schedule,
    Geometry geometry,
    int budget,
    long seed,
    PolicyCalibration calibration) {
  /** Checks the budget. */
  public PolicyContext {
    Require.atLeast("budget", budget, 1);
  }

  /** Returns the number of layers L. */
  public int layers() {
    return geometry.layers();
  }

  /** Returns the number of heads H. */
  public int heads() {
    return geometry.heads();
  }

  /** Returns the plan that gives every layer and head the budget. */
  public BudgetPlan uniform() {
    return BudgetPlan.uniform(schedule, layers(), budget);
  }
}
