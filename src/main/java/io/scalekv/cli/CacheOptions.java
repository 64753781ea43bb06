package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyContext;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.PolicyCalibrations;
import io.scalekv.experiment.ShippedCalibrations;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.infinity.InfinityConfig;
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
      description = "Calibration for the policy (default: the one that comes with the model).")
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
    Policies.kind(PolicySpec.parse(policy).name());
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
   * @param shipped whether its weights come with the project, and so its calibration
   * @param batch images drawn together, for budgets in MiB
   * @param guided whether there are two guidance branches
   * @param dtype in which values are computed
   */
  Choice choose(
      ModelConfig config,
      boolean shipped,
      ScaleSchedule schedule,
      int batch,
      boolean guided,
      String dtype,
      long seed)
      throws IOException {
    return choose(
        config, shipped, schedule, batch, guided, dtype, seed, tokens -> PolicyCalibration.NONE);
  }

  /**
   * The same.
   *
   * @param otherwise the calibration at a budget where there is none
   */
  Choice choose(
      ModelConfig config,
      boolean shipped,
      ScaleSchedule schedule,
      int batch,
      boolean guided,
      String dtype,
      long seed,
      IntFunction<PolicyCalibration> otherwise)
      throws IOException {
    CacheType keys = CacheType.parse(keyType);
    CacheType values = CacheType.parse(valueType == null ? dtype : valueType);
    InfinityConfig c = config.transformer();
    MemoryModel memory =
        new MemoryModel(c.depth(), c.width(), keys.bytes(), values.bytes(), guided ? 2 : 1, batch);
    Optional<RolesDocument> document =
        roles != null
            ? Optional.of(RolesJson.read(roles))
            : shipped ? ShippedCalibrations.of(config) : Optional.empty();
    int tokens = Budget.parse(budget).tokens(schedule, memory);
    CachePolicy conditional = policy(config, schedule, document, tokens, seed, otherwise);
    CachePolicy unconditional = null;
    if (unconditionalBudget != null) {
      int fewer = Budget.parse(unconditionalBudget).tokens(schedule, memory);
      unconditional = policy(config, schedule, document, fewer, seed, otherwise);
    }
    return new Choice(
        new CacheSettings(conditional, unconditional, keys, values),
        policy.equals("full") ? null : budget,
        tokens);
  }

  private CachePolicy policy(
      ModelConfig config,
      ScaleSchedule schedule,
      Optional<RolesDocument> document,
      int tokens,
      long seed,
      IntFunction<PolicyCalibration> otherwise) {
    InfinityConfig c = config.transformer();
    PolicyCalibration calibration =
        document
            .map(d -> PolicyCalibrations.of(d, schedule, c.depth(), c.heads(), tokens))
            .orElseGet(() -> otherwise.apply(tokens));
    return Policies.create(
        PolicySpec.parse(policy),
        new PolicyContext(schedule, c.depth(), c.heads(), tokens, seed, calibration));
  }
}
