package io.scalekv.experiment;

import io.scalekv.cache.Geometry;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.profile.AttentionMap;
import io.scalekv.profile.AttentionMapTap;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionProfiler;
import io.scalekv.profile.Moments;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.PromptStatistics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** Draws prompts in batches with the full cache and profiles their attention: statistics only. */
public final class PromptProfiler {
  /**
   * How the prompts are drawn and their attention is sampled.
   *
   * @param drawing how the prompts are drawn
   * @param profile how attention is sampled
   * @param batch prompts drawn together, at least 1; what is measured of one does not depend on the
   *     others but for rounding
   */
  public record Options(Drawing drawing, ProfileOptions profile, int batch) {
    /** Checks the batch. */
    public Options {
      Require.atLeast("batch", batch, 1);
    }
  }

  private final ImageModel model;
  private final Options options;

  /** A profiler of a model. */
  public PromptProfiler(ImageModel model, Options options) {
    this.model = model;
    this.options = options;
  }

  /** Shape of the model with these token maps. */
  public ProfileGeometry geometry() {
    Geometry config = model.config().geometry();
    return new ProfileGeometry(config.layers(), config.heads(), options.drawing().schedule());
  }

  /**
   * Draws the prompts and measures their attention.
   *
   * @param prompts at least one
   * @param onPrompt told the number of prompts done after each
   */
  public AttentionProfile profile(List<String> prompts, IntConsumer onPrompt) {
    List<PromptStatistics> statistics = new ArrayList<>();
    options
        .drawing()
        .watch(
            model,
            options.drawing().images(prompts),
            options.batch(),
            new Drawing.Watcher() {
              private AttentionProfiler profiler;

              @Override
              public List<AttentionTap> taps(int from, int to) {
                profiler = profiler(from, to);
                return List.of(profiler);
              }

              @Override
              public void drawn(int from, int to) {
                statistics.addAll(profiler.statistics());
              }
            },
            onPrompt);
    return AttentionProfile.of(geometry(), options.profile(), statistics);
  }

  /**
   * Two layers to be looked at side by side.
   *
   * @param scale where the standardised value is lowest of all pairs
   * @param lowest layer with the lowest value there
   * @param highest layer with the highest value at the same scale
   */
  public record Extremes(int scale, int lowest, int highest) {}

  /**
   * The pair of layers that differ most in the sense of ScaleKV's roles: z = (x − mean) / deviation
   * over the layers of a scale.
   *
   * @param values [layer][scale]; scales with NaN are left out
   * @param from first scale that is looked at
   */
  public static Extremes extremes(double[][] values, int from) {
    Extremes found = null;
    double lowestZ = Double.POSITIVE_INFINITY;
    for (int k = from; k < values[0].length; k++) {
      int scale = k;
      double[] x = Arrays.stream(values).mapToDouble(layer -> layer[scale]).toArray();
      Moments m = Moments.of(x);
      if (m.n() < x.length) {
        continue;
      }
      int low = 0;
      int high = 0;
      for (int l = 1; l < x.length; l++) {
        low = x[l] < x[low] ? l : low;
        high = x[l] > x[high] ? l : high;
      }
      double z = m.variance() > 0 ? (x[low] - m.mean()) / m.standardDeviation() : 0;
      if (z < lowestZ) {
        lowestZ = z;
        found = new Extremes(k, low, high);
      }
    }
    if (found == null) {
      throw new IllegalArgumentException("extremes: a scale without NaN expected, got none");
    }
    return found;
  }

  /** Whole attention maps of layers at one scale, from a generation of the first prompt. */
  public List<AttentionMap> maps(String prompt, int scale, List<Integer> layers) {
    AttentionMapTap tap = AttentionMapTap.of(geometry(), scale, layers);
    draw(List.of(prompt), List.of(tap));
    return tap.maps();
  }

  /** Watches the generation of prompts from..to−1 of a set. */
  AttentionProfiler profiler(int from, int to) {
    return AttentionProfiler.create(
        geometry(), options.profile(), IntStream.range(from, to).toArray());
  }

  /** Draws prompts together while taps watch. */
  void draw(List<String> prompts, List<AttentionTap> taps) {
    Drawing drawing = options.drawing();
    model.drawCodes(
        drawing,
        drawing.images(prompts),
        model.fullCache(drawing.schedule()),
        taps,
        GenerationListener.NONE);
  }

  /** Prompts drawn together. */
  int batch() {
    return options.batch();
  }
}
