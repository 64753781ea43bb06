package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.PolicyImages;
import io.scalekv.experiment.Sweep;
import io.scalekv.io.Require;
import io.scalekv.io.TextFile;
import io.scalekv.model.Drawing;
import io.scalekv.model.ModelChoice;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.RoleAssignment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Cache options: policies, budget, number formats and calibration. */
@HelpGroup(HelpGroup.Heading.CACHE)
final class CacheOptions {
  private static final String FULL = "full";

  @Option(
      names = "--policy",
      paramLabel = "P",
      description =
          "Policy of ./scalekv list policies with its settings, such as snapkv:window=grid,w=16;"
              + " repeatable (default: full).")
  private List<PolicySpec> policies = List.of();

  @Option(
      names = "--budget",
      paramLabel = "B",
      description =
          "Cache of the policies: 10%%, 650t (tokens per layer and head), paper-20, paper-10,"
              + " paper-4, the peak in bytes such as 600kB, 3900MiB, or peak-10%% (that of 10%% in"
              + " every layer; default: 10%%).")
  private Budget budget;

  @Option(
      names = "--cfg-budget-split",
      paramLabel = "B",
      description = "Budget of the unconditional branch (default: that of --budget).")
  private Budget unconditional;

  @Option(
      names = "--roles",
      paramLabel = "FILE",
      description =
          "Calibration of the policies (default: that shipped with the model; random roles with"
              + " --random-weights).")
  Path roles;

  @Mixin private FormatOptions formats = new FormatOptions();

  /** Returns the budget. */
  Budget budget() {
    return budget == null ? Budget.parse("10%") : budget;
  }

  /** Refuses options that this drawing would not read. */
  private void check(Drawing drawing) {
    boolean guided = drawing.sampling().guided();
    Require.that(
        unconditional == null || guided,
        "--cfg-budget-split needs guidance: --cfg 1 has no unconditional branch");
    Require.that(
        drawing.negative().isEmpty() || guided,
        "--negative needs guidance: --cfg 1 has no unconditional branch");
    boolean cuts = !policies.isEmpty();
    Require.that(budget == null || cuts, "--budget needs --policy");
    Require.that(unconditional == null || cuts, "--cfg-budget-split needs --policy");
    Require.that(roles == null || cuts, "--roles needs --policy");
  }

  /**
   * Returns the cache settings of all policies, each at its own nominal budget.
   *
   * @param batch images drawn together
   * @param compared whether the full cache comes first, as the reference of the others
   */
  List<PolicyImages.Setting> settings(
      ModelOptions model, Drawing drawing, int batch, boolean compared) throws IOException {
    check(drawing);
    PolicyFactory factory =
        new PolicyFactory(
            drawing.schedule(),
            drawing.memory(
                model.config().geometry(),
                formats.keys(),
                formats.values(model.valueType()),
                batch),
            calibration(
                model.choice(), drawing.schedule(), roles, drawing.seed(), model.isRandom()),
            drawing.seed());
    List<PolicySpec> all = new ArrayList<>(policies);
    PolicySpec full = PolicySpec.parse(FULL);
    if (compared || all.isEmpty()) {
      all.remove(full);
      all.add(0, full);
    }
    List<PolicyImages.Setting> settings = new ArrayList<>();
    for (PolicySpec policy : all) {
      settings.add(PolicyImages.Setting.of(factory, policy, budget(), unconditional));
    }
    return settings;
  }

  /**
   * Returns the calibration at a nominal budget: that of a file, else the one shipped with the
   * model, else random roles or none.
   *
   * @param roles file of a calibration, or null
   * @param random whether a model without a calibration gets random roles
   */
  static IntFunction<PolicyCalibration> calibration(
      ModelChoice model, ScaleSchedule schedule, Path roles, long seed, boolean random)
      throws IOException {
    if (roles != null) {
      TextFile.require("--roles", roles);
    }
    Optional<Calibration> document =
        roles == null ? Sweep.shipped(model) : Optional.of(CalibrationFile.read(roles));
    Geometry g = model.config().geometry();
    return tokens ->
        document
            .map(d -> d.forPolicies(schedule, g.layers(), g.heads(), tokens))
            .orElseGet(
                () ->
                    random
                        ? PolicyCalibration.NONE.with(
                            PolicyCalibration.ROLES,
                            RoleAssignment.random(g.layers(), schedule, tokens, seed).mask())
                        : PolicyCalibration.NONE);
  }
}
