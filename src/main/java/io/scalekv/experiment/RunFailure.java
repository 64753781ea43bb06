package io.scalekv.experiment;

import io.scalekv.io.Require;

/**
 * Run without a result; the next sweep tries it again.
 *
 * @param id of the run
 * @param run the run
 * @param error one line
 * @param notApplicable whether the policy has no meaning at this budget, rather than an error
 * @param started ISO 8601 in UTC
 */
public record RunFailure(String id, Run run, String error, boolean notApplicable, String started) {
  /** Checks that nothing is missing. */
  public RunFailure {
    Require.that(
        id != null && run != null && error != null && started != null,
        "missing id, run, error or started");
  }
}
