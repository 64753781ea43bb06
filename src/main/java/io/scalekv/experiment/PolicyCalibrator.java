package io.scalekv.experiment;

import io.scalekv.cache.Geometry;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
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
   * @param drawing how the prompts are drawn
   * @param firstBlock s0, first source map that HeatKV may drop
   * @param firstMaps c, first maps that AMS-KV always holds
   * @param profile how attention is sampled for a profile, or empty for none
   */
  public record Options(
      Drawing drawing, int firstBlock, int firstMaps, Optional<ProfileOptions> profile) {}

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
          PolicyCalibrator.combine(taps, other.taps),
          profile.map(p -> p.combine(other.profile.orElseThrow())));
    }

    /** The means over the prompts. */
    public Result result() {
      return new Result(
          taps.mass().scores(), taps.similarity().similarity(), taps.variance().ranks(), profile);
    }
  }

  private static TapsFile.Taps combine(TapsFile.Taps a, TapsFile.Taps b) {
    return new TapsFile.Taps(
        a.mass().combine(b.mass()),
        a.similarity().combine(b.similarity()),
        a.variance().combine(b.variance()));
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
    Require.that(indices.length > 0, "prompts must be at least one, got none");
    Geometry config = model.config().geometry();
    ProfileGeometry geometry =
        new ProfileGeometry(config.layers(), config.heads(), options.drawing().schedule());
    TapsFile.Taps[] all = new TapsFile.Taps[1];
    List<PromptStatistics> statistics = new ArrayList<>();
    options
        .drawing()
        .watch(
            model,
            options.drawing().images(IntStream.of(indices).mapToObj(prompts::get).toList()),
            1,
            new Drawing.Watcher() {
              private TapsFile.Taps own;
              private Optional<AttentionProfiler> profiler;

              @Override
              public List<AttentionTap> taps(int from, int to) {
                int prompt = indices[from];
                own =
                    new TapsFile.Taps(
                        BlockMassTap.create(geometry, options.firstBlock(), prompt),
                        MapSimilarityTap.create(
                            geometry,
                            options.firstMaps(),
                            model.config().rotaryReference(options.drawing().aspect()),
                            prompt),
                        AttentionVarianceTap.create(geometry, prompt));
                profiler =
                    options.profile().map(p -> AttentionProfiler.create(geometry, p, prompt));
                List<AttentionTap> taps = new ArrayList<>();
                taps.add(AttentionColumns.shared(own.mass(), own.variance()));
                taps.add(own.similarity());
                profiler.ifPresent(taps::add);
                return taps;
              }

              @Override
              public void drawn(int from, int to) {
                all[0] = all[0] == null ? own : combine(all[0], own);
                profiler.ifPresent(p -> statistics.addAll(p.statistics()));
              }
            },
            onPrompt);
    return new Measured(
        all[0], options.profile().map(p -> AttentionProfile.of(geometry, p, statistics)));
  }
}
