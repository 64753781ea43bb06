package io.scalekv.experiment;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.ErrorCurves;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.FeatureTable;
import io.scalekv.profile.LayerMetric;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.roles.Calibrations;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.RoleBootstrap;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RoleStatistics;
import io.scalekv.roles.RolesDocument;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntConsumer;

/**
 * Calibration of ScaleKV (Li et al., NeurIPS 2025, arXiv 2505.19602, section 3): the model draws a
 * few prompts with its full cache, the attention of every layer and map is measured, and layers
 * become drafters or refiners per scale with a budget each.
 */
public final class Calibrator {
  /** First source map that HeatKV may drop: its budgets may be too small for more sinks. */
  private static final int FIRST_BLOCK = 1;

  /** First maps that AMS-KV always holds. */
  private static final int FIRST_MAPS = 2;

  /**
   * What is measured and what is made of it.
   *
   * @param drawing how the prompts are drawn
   * @param profile how attention is sampled
   * @param metric what roles are told by
   * @param budget what was asked for
   * @param allocation how drafters and refiners share it
   * @param classifier the rule that tells roles
   * @param bootstrapDraws draws of prompts for the confidence in the roles; 0 for none
   * @param batch images a generation, for budgets in bytes
   */
  public record Options(
      Drawing drawing,
      ProfileOptions profile,
      LayerMetric metric,
      Budget budget,
      Allocation allocation,
      RoleClassifier classifier,
      int bootstrapDraws,
      int batch) {
    /**
     * What {@code ./scalekv calibrate} does without further options: square images of the model's
     * own size, defaults of the sampling script, ASI, N_d by rank, the released allocation, seed 0.
     */
    public static Options defaults(ModelConfig config, Budget budget) {
      return new Options(
          Drawing.defaults(config),
          ProfileOptions.defaults(),
          LayerMetric.ASI,
          budget,
          Allocation.parse("released"),
          RoleClassifier.of("rank", OptionalInt.empty(), 0),
          RoleBootstrap.DRAWS,
          1);
    }

    /** Returns this with another drawing. */
    public Options with(Drawing newDrawing) {
      return new Options(
          newDrawing, profile, metric, budget, allocation, classifier, bootstrapDraws, batch);
    }
  }

  /**
   * What a calibration leaves.
   *
   * @param profile the statistics
   * @param document roles and budgets with their provenance
   * @param plan tokens per layer and scale
   */
  public record Result(AttentionProfile profile, RolesDocument document, BudgetPlan plan) {
    /** The same with error curves in its document. */
    public Result with(ErrorCurves curves) {
      Calibrations more = Calibrations.of(document).withErrorCurves(curves);
      return new Result(profile, document.withCalibrations(more), plan);
    }
  }

  private final ImageModel model;
  private final Options options;

  /** A calibration of a model. */
  public Calibrator(ImageModel model, Options options) {
    this.model = model;
    this.options = options;
  }

  /**
   * Draws the prompts one by one and measures their attention, for ScaleKV's roles and for the
   * policies that need more.
   *
   * @param prompts at least one
   * @param onPrompt told the number of prompts done after each
   */
  public PolicyCalibrator.Result measure(List<String> prompts, IntConsumer onPrompt) {
    return calibrator().measure(prompts, onPrompt);
  }

  /**
   * Measures some of the prompts, each as it is measured among all.
   *
   * @param prompts the whole set
   * @param onPrompt told the number of prompts done after each
   * @param indices which ones, at least one
   */
  public PolicyCalibrator.Measured measure(
      List<String> prompts, IntConsumer onPrompt, int... indices) {
    return calibrator().measure(prompts, onPrompt, indices);
  }

  private PolicyCalibrator calibrator() {
    return new PolicyCalibrator(
        model,
        new PolicyCalibrator.Options(
            options.drawing(),
            firstBlock(options.drawing().schedule()),
            Math.min(FIRST_MAPS, options.drawing().schedule().scales() - 1),
            Optional.of(profileOptions())));
  }

  /** With the cut that the metric speaks of, if it speaks of one. */
  private ProfileOptions profileOptions() {
    return options.metric().needsCut()
        ? options.profile().withCutTokens(budgetTokens())
        : options.profile();
  }

  /** First source map that HeatKV may drop in a calibration of ours. */
  static int firstBlock(ScaleSchedule schedule) {
    return Math.min(FIRST_BLOCK, schedule.scales() - 2);
  }

  private Calibrations calibrations(RolesDocument.Model described, PolicyCalibrator.Result m) {
    return Calibrations.none(described)
        .withHeatKv(HeatKvOrders.ofScores(m.blockMass(), firstBlock(options.drawing().schedule())))
        .withAmsKvSimilarity(m.mapSimilarity())
        .withHackVariance(m.attentionVariance());
  }

  /** The mean budget in tokens per layer and head. */
  public int budgetTokens() {
    Geometry geometry = model.config().geometry();
    MemoryModel memory =
        geometry.memory(
            CacheType.FP32,
            CacheType.FP32,
            options.drawing().sampling().guided() ? 2 : 1,
            options.batch());
    return options
        .budget()
        .tokens(
            options.drawing().schedule(),
            memory,
            b -> BudgetPlan.uniform(options.drawing().schedule(), geometry.layers(), b));
  }

  /** Roles, budgets and provenance from what was measured. */
  public Result classify(
      PolicyCalibrator.Result measured,
      PromptSet prompts,
      RolesDocument.Software software,
      Instant timestamp) {
    AttentionProfile profile = measured.profile().orElseThrow();
    Geometry config = model.config().geometry();
    int tokens = budgetTokens();
    int first = BudgetPlan.firstCutScale(options.drawing().schedule(), tokens);
    FeatureTable table = FeatureTable.of(profile);
    List<LayerMetric> features =
        options.classifier().readsFeatures() ? RoleStatistics.featuresOf(table, first) : List.of();
    ClassifiedRoles roles =
        options
            .classifier()
            .classify(RoleStatistics.ofAll(table, options.metric(), first, features));
    RoleBootstrap bootstrap =
        options.bootstrapDraws() == 0 || table.prompts() < 2
            ? null
            : RoleBootstrap.of(
                table,
                options.metric(),
                first,
                features,
                options.classifier(),
                options.bootstrapDraws(),
                options.drawing().seed());
    BudgetPlan plan =
        BudgetPlan.of(
            options.drawing().schedule(), tokens, roles.assignment().mask(), options.allocation());
    int rows = options.profile().querySamples();
    RolesDocument.Model described =
        new RolesDocument.Model(
            model.config().name(),
            model.weightHash(),
            config.layers(),
            config.heads(),
            options.drawing().schedule().maps());
    RolesDocument document =
        RolesDocument.of(
            timestamp,
            described,
            new RolesDocument.Calibration(
                prompts.name(),
                prompts.sha256(),
                prompts.prompts().size(),
                options.drawing().seed(),
                options.drawing().sampling().cfg(),
                options.drawing().sampling().tau(),
                options.drawing().sampling().topP(),
                rows == ProfileOptions.ALL ? null : rows),
            roles,
            bootstrap,
            options.profile().historyTopK().toString(),
            options.budget().toString(),
            options.allocation().name(),
            plan,
            software,
            calibrations(described, measured).toJson());
    return new Result(profile, document, plan);
  }
}
