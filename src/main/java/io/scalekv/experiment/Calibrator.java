package io.scalekv.experiment;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.files.Sha256;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.GenerationOptions;
import io.scalekv.model.ImageModel;
import io.scalekv.model.Prompt;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionProfiler;
import io.scalekv.profile.LayerMetric;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.PromptStatistics;
import io.scalekv.roles.LayerRoles;
import io.scalekv.roles.Orientation;
import io.scalekv.roles.RolesDocument;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntConsumer;

/**
 * Calibration of ScaleKV (Li et al., NeurIPS 2025, arXiv 2505.19602, section 3): the model draws a
 * few prompts with its full cache, the attention of every layer and map is measured, and layers
 * become drafters or refiners per scale with a budget each.
 */
public final class Calibrator {
  /**
   * What is measured and what is made of it.
   *
   * @param schedule token maps
   * @param aspect height / width the schedule belongs to
   * @param generation guidance, temperature, top-p
   * @param negative negative prompt, may be empty
   * @param profile how attention is sampled
   * @param metric what roles are told by
   * @param budget what was asked for
   * @param allocation how drafters and refiners share it
   * @param drafters N_d, or empty for the default
   * @param batch images a generation, for budgets in bytes
   * @param seed of the first image; prompt i is drawn with seed + i
   */
  public record Options(
      ScaleSchedule schedule,
      double aspect,
      GenerationOptions generation,
      String negative,
      ProfileOptions profile,
      LayerMetric metric,
      Budget budget,
      Allocation allocation,
      OptionalInt drafters,
      int batch,
      long seed) {}

  /**
   * Where the prompts came from.
   *
   * @param name file name without folders
   * @param sha256 of the file's bytes, hexadecimal
   * @param prompts the texts
   */
  public record PromptSet(String name, String sha256, List<String> prompts) {
    /** Copies the list. */
    public PromptSet {
      prompts = List.copyOf(prompts);
    }

    /** A prompt set with the hash of the given bytes. */
    public static PromptSet of(String name, byte[] bytes, List<String> prompts) {
      return new PromptSet(name, Sha256.of(bytes), prompts);
    }

    /** A prompt set without a file: the hash is that of its lines. */
    public static PromptSet ofTexts(String name, List<String> prompts) {
      byte[] lines = String.join("\n", prompts).getBytes(StandardCharsets.UTF_8);
      return of(name, lines, prompts);
    }
  }

  /**
   * What a calibration leaves.
   *
   * @param profile the statistics
   * @param document roles and budgets with their provenance
   * @param plan tokens per layer and scale
   */
  public record Result(AttentionProfile profile, RolesDocument document, BudgetPlan plan) {}

  private final ImageModel model;
  private final Options options;

  /** A calibration of a model. */
  public Calibrator(ImageModel model, Options options) {
    this.model = model;
    this.options = options;
  }

  /**
   * Draws the prompts one by one and measures their attention.
   *
   * @param prompts at least one
   * @param onPrompt told the number of prompts done after each
   */
  public AttentionProfile profile(List<String> prompts, IntConsumer onPrompt) {
    InfinityConfig config = model.config().transformer();
    ProfileGeometry geometry =
        new ProfileGeometry(config.depth(), config.heads(), options.schedule());
    List<PromptStatistics> statistics = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      AttentionProfiler profiler = AttentionProfiler.create(geometry, options.profile(), i);
      model.generate(
          List.of(new Prompt(prompts.get(i), options.seed() + i)),
          options.negative(),
          options.schedule(),
          options.aspect(),
          options.generation(),
          model.fullCache(options.schedule()),
          List.of(profiler),
          GenerationListener.NONE);
      statistics.addAll(profiler.statistics());
      onPrompt.accept(i + 1);
    }
    return AttentionProfile.of(geometry, options.profile(), statistics);
  }

  /** The mean budget in tokens per layer and head. */
  public int budgetTokens() {
    InfinityConfig config = model.config().transformer();
    MemoryModel memory = MemoryModel.infinity(config.depth(), config.width(), options.batch());
    return options.budget().tokens(options.schedule(), memory);
  }

  /** Roles, budgets and provenance from a profile. */
  public Result classify(
      AttentionProfile profile,
      PromptSet prompts,
      RolesDocument.Software software,
      Instant timestamp) {
    InfinityConfig config = model.config().transformer();
    int tokens = budgetTokens();
    int first = BudgetPlan.firstCutScale(options.schedule(), tokens);
    int cut = options.schedule().scales() - first;
    int drafters = options.drafters().orElse(LayerRoles.defaultDrafters(config.depth(), cut));
    LayerRoles roles =
        LayerRoles.of(
            options.metric().cliName(),
            profile.metric(options.metric()),
            options.metric().highMeansRefiner() ? Orientation.LOWEST : Orientation.HIGHEST,
            first,
            drafters);
    BudgetPlan plan =
        BudgetPlan.of(options.schedule(), tokens, roles.assignment().mask(), options.allocation());
    int rows = options.profile().querySamples();
    RolesDocument document =
        RolesDocument.of(
            timestamp,
            new RolesDocument.Model(
                model.config().name(),
                model.weightHash(),
                config.depth(),
                config.heads(),
                options.schedule().maps()),
            new RolesDocument.Calibration(
                prompts.name(),
                prompts.sha256(),
                prompts.prompts().size(),
                options.seed(),
                options.generation().cfg(),
                options.generation().tau(),
                options.generation().topP(),
                rows == ProfileOptions.ALL ? null : rows),
            roles,
            options.profile().historyTopK().toString(),
            options.budget().toString(),
            options.allocation().name(),
            plan,
            software,
            null);
    return new Result(profile, document, plan);
  }
}
