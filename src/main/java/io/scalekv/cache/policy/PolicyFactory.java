package io.scalekv.cache.policy;

import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import java.util.function.IntFunction;

/**
 * Factory of the policies of one model, at budgets of any unit.
 *
 * @param schedule token maps
 * @param memory geometry, number formats, branches and batch
 * @param calibration calibration at a nominal budget, which decides on the scales that roles rank
 * @param seed of policies that draw random numbers
 */
public record PolicyFactory(
    ScaleSchedule schedule,
    MemoryModel memory,
    IntFunction<PolicyCalibration> calibration,
    long seed) {
  /** Makes a policy at a nominal budget of mean tokens per layer and head. */
  public CachePolicy create(PolicySpec spec, int tokens) {
    return Policies.create(
        spec,
        new PolicyContext(schedule, memory.geometry(), tokens, seed, calibration.apply(tokens)));
  }

  /**
   * Returns the nominal budget in mean tokens per layer and head; for bytes, the one at which the
   * policy's peak fits.
   */
  public int tokens(PolicySpec spec, Budget budget) {
    return budget.tokens(schedule, memory, b -> create(spec, b).plan());
  }

  /**
   * Returns the nominal budget of the conditional branch; for bytes, the one at which the peak of
   * both branches fits.
   *
   * @param unconditional policy of the unconditional branch
   */
  public int tokens(PolicySpec spec, Budget budget, CachePolicy unconditional) {
    BudgetPlan other = unconditional.plan();
    return budget
        .inBytes(schedule, memory)
        .tokens(schedule, b -> memory.peakBytes(create(spec, b).plan(), other));
  }

  /** Returns the same for one guidance branch alone. */
  public PolicyFactory ofOneBranch() {
    return new PolicyFactory(schedule, memory.ofOneBranch(), calibration, seed);
  }
}
