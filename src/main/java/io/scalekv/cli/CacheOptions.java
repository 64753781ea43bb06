package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.PolicyCalibrations;
import io.scalekv.experiment.ShippedCalibrations;
import io.scalekv.model.ModelConfig;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.IntFunction;
import picocli.CommandLine.Option;

/** What the layers remember while an image is drawn. */
final class CacheOptions implements CheckedOptions {
  @Option(
      names = "--policy",
      paramLabel = "P",
      defaultValue = "full",
      description =
          "Which tokens stay: full, random, sliding-window, streaming-llm, h2o, snapkv, pyramidkv,"
              + " scalekv, scalekv-released, heatkv, ams-kv, hack, error-curve or one-layer, with"
              + " settings as in snapkv:window=grid,w=16 (default: ${DEFAULT-VALUE}).")
  private String policy = "full";

  @Option(
      names = "--budget",
      paramLabel = "B",
      defaultValue = "10%",
      description =
          "Mean cache of a layer and head: 10%%, 650t (tokens), paper-20, paper-10, paper-4 or"
              + " 3900MiB (default: 10%%).")
  private String budget = "10%";

  @Option(
      names = "--cfg-budget-split",
      paramLabel = "B",
      description =
          "Budget of the unconditional branch, if it is to be another one; --budget is then that"
              + " of the conditional branch.")
  private String unconditionalBudget;

  @Option(
      names = "--roles",
      paramLabel = "FILE",
      description =
          "Calibration for the policy (default: the one that comes with the model; random roles"
              + " with --random-weights).")
  private Path roles;

  @Option(
      names = "--key-type",
      paramLabel = "fp32|bf16|int8",
      defaultValue = "fp32",
      description = "How keys are stored (default: ${DEFAULT-VALUE}).")
  private String keyType = "fp32";

  @Option(
      names = "--value-type",
      paramLabel = "fp32|bf16|int8",
      description = "How values are stored (default: as --dtype, in which they are computed).")
  private String valueType;

  /**
   * What was made of the options.
   *
   * @param settings of the generation
   * @param budget as it was asked for; null for the full cache
   * @param tokens mean tokens per layer and head that it means, of the conditional branch
   */
  record Choice(CacheSettings settings, String budget, int tokens) {}

  @Override
  public void check() {
    Policies.kind(PolicySpec.parse(policy));
    Budget.parse(budget);
    if (unconditionalBudget != null) {
      Budget.parse(unconditionalBudget);
    }
    Check.oneOf("--key-type", keyType, "fp32", "bf16", "int8");
    if (valueType != null) {
      Check.oneOf("--value-type", valueType, "fp32", "bf16", "int8");
    }
    if (roles != null && !Files.isRegularFile(roles)) {
      throw new IllegalArgumentException("--roles: a file expected, got " + roles);
    }
  }

  /**
   * The settings for a model.
   *
   * @param batch images drawn together, for budgets in MiB
   * @param randomRoles whether a model without a calibration gets random roles, enough for shapes
   *     and times
   */
  Choice choose(
      ModelOption model,
      ModelConfig config,
      ScaleSchedule schedule,
      GenerationOptions generation,
      GlobalOptions global,
      int batch,
      boolean randomRoles)
      throws IOException {
    CacheType keys = CacheType.parse(keyType);
    CacheType values = CacheType.parse(valueType == null ? global.dtype() : valueType);
    PolicyFactory policies =
        new PolicyFactory(
            schedule,
            config
                .geometry()
                .memory(
                    keys, values, generation.drawing(config, 0).sampling().guided() ? 2 : 1, batch),
            calibration(model, config, schedule, roles, global.seed(), randomRoles),
            global.seed());
    PolicySpec asked = PolicySpec.parse(policy);
    Budget mean = Budget.parse(budget);
    CachePolicy unconditional = null;
    int tokens;
    if (unconditionalBudget == null || policies.memory().branches() == 1) {
      tokens = policies.tokens(asked, mean);
    } else {
      int fewer = policies.ofOneBranch().tokens(asked, Budget.parse(unconditionalBudget));
      unconditional = policies.create(asked, fewer);
      tokens = policies.tokens(asked, mean, unconditional);
    }
    return new Choice(
        new CacheSettings(policies.create(asked, tokens), unconditional, keys, values),
        policy.equals("full") ? null : budget,
        tokens);
  }

  /**
   * Returns the calibration at a nominal budget: that of the file, else the one shipped with the
   * model, else random roles or none.
   *
   * @param roles file of a calibration, or null
   */
  static IntFunction<PolicyCalibration> calibration(
      ModelOption model,
      ModelConfig config,
      ScaleSchedule schedule,
      Path roles,
      long seed,
      boolean randomRoles)
      throws IOException {
    Optional<RolesDocument> document =
        roles != null
            ? Optional.of(RolesJson.read(roles))
            : model.shipped() ? ShippedCalibrations.of(config) : Optional.empty();
    Geometry g = config.geometry();
    return tokens ->
        document
            .map(d -> PolicyCalibrations.of(d, schedule, g.layers(), g.heads(), tokens))
            .orElseGet(
                () ->
                    randomRoles
                        ? PolicyCalibrations.random(g.layers(), schedule, tokens, seed)
                        : PolicyCalibration.NONE);
  }
}
