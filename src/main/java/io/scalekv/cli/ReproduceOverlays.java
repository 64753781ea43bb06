package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyContext;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.KeptTokens;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Software;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.Prompt;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.profile.HeadStatisticsCsv;
import io.scalekv.profile.Measurements;
import io.scalekv.report.KeptShares;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationRun;
import io.scalekv.scene.PromptFile;
import io.scalekv.weights.LoadListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What the report's overlays and its figure of the attention show: {@code calibration/} with roles
 * and profile of the model, and {@code kept/} with the tokens that policies hold while they draw
 * one prompt. What is there already is kept.
 */
final class ReproduceOverlays {
  private static final List<String> POLICIES =
      List.of("scalekv", "pyramidkv", "snapkv", "streaming-llm", "h2o", "random");
  private static final Budget BUDGET = Budget.parse("10%");
  private static final int QUICK_PROMPTS = 2;

  private final ModelChoice choice;
  private final Path experiments;
  private final boolean quick;

  ReproduceOverlays(ModelChoice choice, Path experiments, boolean quick) {
    this.choice = choice;
    this.experiments = experiments;
    this.quick = quick;
  }

  /** Writes both folders below {@code root}. */
  void write(Path root, Output output) throws IOException {
    Path roles = root.resolve("calibration").resolve("roles.json");
    List<String> missing =
        POLICIES.stream().filter(p -> !Files.isRegularFile(kept(root, p))).toList();
    if (Files.isRegularFile(roles) && missing.isEmpty()) {
      return;
    }
    ModelConfig config = choice.config();
    ScaleSchedule schedule = config.schedule(Optional.empty(), 1);
    try (ImageModel model = choice.open(LoadOptions.of(false), LoadListener.NONE)) {
      if (!Files.isRegularFile(roles)) {
        calibrate(model, roles, output);
      }
      Calibration calibration = CalibrationFile.read(roles);
      String prompt = prompts(config, "scenes-heldout-512.txt", 1).get(0);
      for (String policy : missing) {
        keep(model, schedule, calibration, policy, prompt, root);
      }
    }
  }

  private static Path kept(Path root, String policy) {
    return root.resolve("kept").resolve(policy + ".json");
  }

  /** Prompts that the model's text encoder can read. */
  private List<String> prompts(ModelConfig config, String scenes, int limit) {
    boolean words = config.drawsScenes();
    String name = "calibration-prompts/" + (words ? scenes : "general-10.txt");
    List<String> all =
        PromptFile.read(ExperimentSpec.resolve(name, experiments.resolve("table1.yaml")));
    return all.subList(0, Math.min(limit, all.size()));
  }

  private void calibrate(ImageModel model, Path roles, Output output) throws IOException {
    List<String> prompts = prompts(model.config(), "scenes-10.txt", quick ? QUICK_PROMPTS : 10);
    PromptSet set = PromptSet.ofTexts("prompts", prompts);
    DrawnAttention source = new DrawnAttention(model, Drawing.defaults(model.config()), set);
    CalibrationRun run = new CalibrationRun(source, CalibrationRun.Options.defaults(BUDGET, null));
    Measurements measured;
    try (Progress progress = output.progress("calibration", prompts.size())) {
      measured = run.measure(done -> progress.step("prompt " + done));
    }
    HeadStatisticsCsv.write(measured.profile(), roles.resolveSibling("profile.csv"));
    CalibrationFile.write(
        run.calibration(
            measured, Software.current().byName(), Clock.systemUTC().instant(), done -> {}),
        roles);
  }

  private static void keep(
      ImageModel model,
      ScaleSchedule schedule,
      Calibration calibration,
      String policy,
      String prompt,
      Path root)
      throws IOException {
    Geometry shape = model.config().geometry();
    int tokens = BUDGET.tokens(schedule);
    PolicyContext context =
        new PolicyContext(
            schedule,
            model.config().geometry(),
            tokens,
            0,
            calibration.forPolicies(schedule, shape.layers(), shape.heads(), tokens));
    Set<Integer> layers =
        IntStream.range(0, shape.layers()).boxed().collect(Collectors.toUnmodifiableSet());
    KeptTokens tokensKept = new KeptTokens(schedule, layers);
    RgbImage image =
        model
            .draw(
                Drawing.defaults(model.config()),
                List.of(new Prompt(prompt, 0)),
                new CacheSettings(
                    Policies.create(PolicySpec.parse(policy), context),
                    null,
                    CacheType.FP32,
                    CacheType.FP32),
                List.of(),
                tokensKept)
            .get(0);
    Path file = kept(root, policy);
    Png.write(image, file.resolveSibling(policy + ".png"));
    KeptShares.of(tokensKept, policy + " at " + BUDGET, prompt).write(file);
  }
}
