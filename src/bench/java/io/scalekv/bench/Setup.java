package io.scalekv.bench;

import io.scalekv.cache.Budget;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.Machine;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.RandomWeights;
import io.scalekv.model.Sampling;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.weights.LoadListener;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * Options of a measured generation: model, cache, batch. Roles of calibrated policies are random.
 */
final class Setup {
  @Option(names = "--model", defaultValue = "pocket", description = "pocket, pocket-l or a folder.")
  String model = "pocket";

  @Option(names = "--random-weights", description = "SEED[,DEPTHxWIDTHxHEADS].")
  String randomWeights;

  @Option(names = "--dtype", defaultValue = "fp32", description = "fp32 or bf16.")
  String dtype = "fp32";

  @Option(names = "--size", description = "Pixels, for models that have several sizes.")
  String size;

  @Option(names = "--policy", defaultValue = "full", description = "Cache policy.")
  String policy = "full";

  @Option(names = "--budget", defaultValue = "10%", description = "Budget of the policy.")
  String budget = "10%";

  @Option(names = "--batch", defaultValue = "1", description = "Images drawn together.")
  int batch = 1;

  @Option(names = "--seed", defaultValue = "0", description = "Seed of prompts and images.")
  long seed;

  @Option(names = "--threads", defaultValue = "1", description = "Threads of a tensor operation.")
  int threads = 1;

  @Option(names = "--out", required = true, description = "Folder of the results.")
  Path out = Path.of(".");

  /** Returns the configuration of the model. */
  ModelConfig config() {
    return choice().config();
  }

  private ModelChoice choice() {
    return new ModelChoice(
        model, null, randomWeights == null ? null : RandomWeights.parse(randomWeights));
  }

  /** Loads the model with its tokenizer. */
  ImageModel open() {
    return choice().open(LoadOptions.of(dtype.equals("bf16")), LoadListener.NONE);
  }

  /** Returns the generations to draw. */
  SpeedBench.Plan plan(boolean images, int repeats) {
    ScaleSchedule schedule = config().schedule(Optional.ofNullable(size), 1);
    Drawing drawing = new Drawing(schedule, 1, Sampling.defaults(), "", seed);
    return new SpeedBench.Plan(drawing, cache(schedule), batch, images, repeats);
  }

  private CacheSettings cache(ScaleSchedule schedule) {
    CacheType values = CacheType.parse(dtype);
    Geometry geometry = config().geometry();
    PolicyFactory factory =
        new PolicyFactory(
            schedule,
            geometry.memory(CacheType.FP32, values, 2, batch),
            b ->
                PolicyCalibration.NONE.with(
                    PolicyCalibration.ROLES,
                    RoleAssignment.random(geometry.layers(), schedule, b, seed).mask()),
            seed);
    CachePolicy chosen = factory.create(PolicySpec.parse(policy), tokens(schedule));
    return new CacheSettings(chosen, null, CacheType.FP32, values);
  }

  /** Returns the budget in tokens. */
  int tokens(ScaleSchedule schedule) {
    return Budget.parse(budget).tokens(schedule);
  }

  /** Returns this machine. */
  Machine machine() {
    return Machine.here(threads);
  }

  /** Returns the time in UTC, whole seconds. */
  static String now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** Returns a file name of the options. */
  String name() {
    List<String> parts =
        policy.equals("full")
            ? List.of(config().name(), dtype, "b" + batch, policy)
            : List.of(config().name(), dtype, "b" + batch, policy, budget);
    return String.join("-", parts).replaceAll("[^A-Za-z0-9.-]+", "_");
  }
}
