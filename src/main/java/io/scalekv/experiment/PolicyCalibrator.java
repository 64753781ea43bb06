package io.scalekv.experiment;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.GenerationOptions;
import io.scalekv.model.ImageModel;
import io.scalekv.model.Prompt;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.profile.AttentionColumns;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionProfiler;
import io.scalekv.profile.AttentionVarianceTap;
import io.scalekv.profile.BlockMassTap;
import io.scalekv.profile.MapSimilarityTap;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.PromptStatistics;
import io.scalekv.profile.TapsFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Calibration of the policies that need to know a model's heads and layers: HeatKV, AMS-KV and
 * HACK. The model draws the prompts once with its full cache, and everything is measured in the
 * same generations; on request also the profile from which ScaleKV's roles come.
 */
public final class PolicyCalibrator {
  /**
   * How the prompts are drawn and what is measured.
   *
   * @param schedule token maps
   * @param aspect height / width the schedule belongs to
   * @param generation guidance, temperature, top-p
   * @param negative negative prompt, may be empty
   * @param firstBlock s0, first source map that HeatKV may drop
   * @param firstMaps c, first maps that AMS-KV always holds
   * @param profile how attention is sampled for a profile, or empty for none
   * @param seed of the first image; prompt i is drawn with seed + i
   */
  public record Options(
      ScaleSchedule schedule,
      double aspect,
      GenerationOptions generation,
      String negative,
      int firstBlock,
      int firstMaps,
      Optional<ProfileOptions> profile,
      long seed) {}

  /**
   * What was measured.
   *
   * @param blockMass [layer][head][source map], see {@link BlockMassTap#scores}
   * @param mapSimilarity [layer], see {@link MapSimilarityTap#similarity}
   * @param attentionVariance [layer][head], see {@link AttentionVarianceTap#ranks}
   * @param profile the statistics, if they were asked for
   */
  public record Result(
      double[][][] blockMass,
      double[] mapSimilarity,
      double[][] attentionVariance,
      Optional<AttentionProfile> profile) {}

  /**
   * What was measured on some of the prompts, before any mean is taken. Parts of a prompt set that
   * are combined, in any order, give the same bits as one measurement of the whole.
   *
   * @param taps for HeatKV, AMS-KV and HACK
   * @param profile the statistics, if they were asked for
   */
  public record Measured(TapsFile.Taps taps, Optional<AttentionProfile> profile) {
    /** Both together; this one is used up. */
    public Measured combine(Measured other) {
      return new Measured(
          new TapsFile.Taps(
              taps.mass().combine(other.taps.mass()),
              taps.similarity().combine(other.taps.similarity()),
              taps.variance().combine(other.taps.variance())),
          profile.map(p -> p.combine(other.profile.orElseThrow())));
    }

    /** The means over the prompts. */
    public Result result() {
      return new Result(
          taps.mass().scores(), taps.similarity().similarity(), taps.variance().ranks(), profile);
    }
  }

  private final ImageModel model;
  private final Options options;

  /** A calibration of a model. */
  public PolicyCalibrator(ImageModel model, Options options) {
    this.model = model;
    this.options = options;
  }

  /**
   * Draws the prompts one by one and measures their attention.
   *
   * @param prompts at least one
   * @param onPrompt told the number of prompts done after each
   */
  public Result measure(List<String> prompts, IntConsumer onPrompt) {
    return measure(prompts, onPrompt, IntStream.range(0, prompts.size()).toArray()).result();
  }

  /**
   * Draws some of the prompts, each as it would be drawn among all.
   *
   * @param prompts the whole set
   * @param onPrompt told the number of prompts done after each
   * @param indices which ones, at least one
   */
  public Measured measure(List<String> prompts, IntConsumer onPrompt, int... indices) {
    if (indices.length == 0) {
      throw new IllegalArgumentException("calibration: at least one prompt expected, got none");
    }
    InfinityConfig config = model.config().transformer();
    ProfileGeometry geometry =
        new ProfileGeometry(config.depth(), config.heads(), options.schedule());
    BlockMassTap allMass = null;
    MapSimilarityTap allSimilarity = null;
    AttentionVarianceTap allVariance = null;
    List<PromptStatistics> statistics = new ArrayList<>();
    int done = 0;
    for (int prompt : indices) {
      BlockMassTap mass = BlockMassTap.create(geometry, options.firstBlock(), prompt);
      MapSimilarityTap similarity =
          MapSimilarityTap.create(
              geometry,
              options.firstMaps(),
              model.config().rotaryReference(options.aspect()),
              prompt);
      AttentionVarianceTap variance = AttentionVarianceTap.create(geometry, prompt);
      Optional<AttentionProfiler> profiler =
          options.profile().map(p -> AttentionProfiler.create(geometry, p, prompt));
      List<AttentionTap> taps = new ArrayList<>();
      taps.add(AttentionColumns.shared(mass, variance));
      taps.add(similarity);
      profiler.ifPresent(taps::add);
      model.generate(
          List.of(new Prompt(prompts.get(prompt), options.seed() + prompt)),
          options.negative(),
          options.schedule(),
          options.aspect(),
          options.generation(),
          model.fullCache(options.schedule()),
          taps,
          GenerationListener.NONE);
      allMass = allMass == null ? mass : allMass.combine(mass);
      allSimilarity = allSimilarity == null ? similarity : allSimilarity.combine(similarity);
      allVariance = allVariance == null ? variance : allVariance.combine(variance);
      profiler.ifPresent(p -> statistics.addAll(p.statistics()));
      done++;
      onPrompt.accept(done);
    }
    return new Measured(
        new TapsFile.Taps(allMass, allSimilarity, allVariance),
        options.profile().map(p -> AttentionProfile.of(geometry, p, statistics)));
  }
}
