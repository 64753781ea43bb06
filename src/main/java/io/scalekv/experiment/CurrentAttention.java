package io.scalekv.experiment;

import io.scalekv.cache.Geometry;
import io.scalekv.io.Require;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.Drawing;
import io.scalekv.profile.AttentionProfiler;
import io.scalekv.profile.Branch;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.PromptStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Share of attention that heads give the current map, by image. */
final class CurrentAttention implements Drawing.Watcher {
  private static final ProfileOptions SAMPLING =
      ProfileOptions.light().withQuerySamples(64).withUnconditional(false);

  private final Run run;
  private final RunListener listener;
  private final ProfileGeometry geometry;
  private final List<PromptStatistics> images = new ArrayList<>();
  private AttentionProfiler profiler;

  CurrentAttention(Geometry model, Run run, RunListener listener) {
    this.run = run;
    this.listener = listener;
    this.geometry = new ProfileGeometry(model.layers(), model.heads(), run.generation().maps());
    Require.atLeast("scales", geometry.scales(), 3);
  }

  @Override
  public List<AttentionTap> taps(int from, int to) {
    profiler = AttentionProfiler.create(geometry, SAMPLING, IntStream.range(from, to).toArray());
    return List.of(profiler);
  }

  @Override
  public void drawn(int from, int to) {
    accept(profiler.statistics());
    listener.step(to + " of " + run.prompts().images() + " images");
  }

  void accept(List<PromptStatistics> seen) {
    images.addAll(seen);
  }

  RunResult.Attention result() {
    int scales = geometry.scales();
    int middle = (scales + 1) / 2;
    double[][] small = byPrompt(1, middle);
    double[][] large = byPrompt(middle, scales);
    Bootstrap bootstrap = Bootstrap.withSeed(0);
    return new RunResult.Attention(
        SAMPLING.querySamples(),
        List.of(2, middle),
        List.of(middle + 1, scales),
        bootstrap.mean(small),
        bootstrap.mean(large),
        bootstrap.difference(large, small),
        currentMass());
  }

  /** Returns the mean over heads, layers and some scales, [prompt][image of it]. */
  private double[][] byPrompt(int from, int to) {
    int seeds = run.prompts().seeds();
    double[][] means = new double[run.prompts().count()][seeds];
    for (int i = 0; i < images.size(); i++) {
      PromptStatistics s = images.get(i);
      means[run.prompts().promptOf(i)][i % seeds] =
          IntStream.range(from, to)
              .mapToDouble(k -> overLayersAndHeads(s, k))
              .average()
              .orElse(Double.NaN);
    }
    return means;
  }

  private double overLayersAndHeads(PromptStatistics s, int scale) {
    double sum = 0;
    for (int l = 0; l < geometry.layers(); l++) {
      for (int h = 0; h < geometry.heads(); h++) {
        sum += share(s, l, scale, h);
      }
    }
    return sum / (geometry.layers() * geometry.heads());
  }

  private static double share(PromptStatistics s, int layer, int scale, int head) {
    return s.value(Branch.CONDITIONAL, HeadStatistic.CURRENT_MASS, layer, scale, head);
  }

  private List<List<List<Double>>> currentMass() {
    return list(
        geometry.layers(),
        l -> list(geometry.scales(), k -> list(geometry.heads(), h -> mean(l, k, h))));
  }

  private static <T> List<T> list(int n, IntFunction<T> of) {
    return IntStream.range(0, n).mapToObj(of).toList();
  }

  /** Returns the mean share over the images, with four decimals. */
  private double mean(int layer, int scale, int head) {
    double mean =
        images.stream().mapToDouble(s -> share(s, layer, scale, head)).average().orElseThrow();
    return Math.round(mean * 1e4) / 1e4;
  }
}
