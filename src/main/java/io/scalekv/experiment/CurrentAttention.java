package io.scalekv.experiment;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.model.ImageModel;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.Branch;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.Measurements;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.PromptStatistics;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Share of attention that heads give the current map.
 *
 * @param prompts of the images
 * @param profile of the images, in their order
 */
record CurrentAttention(Run.Prompts prompts, AttentionProfile profile) {
  private static final ProfileOptions SAMPLING =
      ProfileOptions.light().withQuerySamples(64).withUnconditional(false);

  /** Draws the images of a run and returns its shares. */
  static CurrentAttention of(ImageModel model, Run run, List<String> texts, RunListener listener) {
    Run.Prompts prompts = run.prompts();
    int batch = run.generation().batch();
    int n = prompts.images();
    check(run.generation().maps());
    DrawnAttention source =
        new DrawnAttention(
            model, run.drawing().withSeeds(prompts.seeds()), PromptSet.ofTexts("prompts", texts));
    IntConsumer progress =
        done -> {
          if (done % batch == 0 || done == n) {
            listener.step(done + " of " + n + " images");
          }
        };
    int[] images = IntStream.range(0, n).toArray();
    return new CurrentAttention(
        prompts, Measurements.of(source, SAMPLING, Map.of(), batch, progress, images).profile());
  }

  static void check(ScaleSchedule schedule) {
    Require.atLeast("scales", schedule.scales(), 3);
  }

  RunResult.Attention result() {
    int scales = profile.geometry().scales();
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
    int seeds = prompts.seeds();
    double[][] means = new double[prompts.count()][seeds];
    for (int i = 0; i < prompts.images(); i++) {
      PromptStatistics s = profile.prompts().get(i);
      means[prompts.promptOf(i)][i % seeds] =
          IntStream.range(from, to)
              .mapToDouble(k -> overLayersAndHeads(s, k))
              .average()
              .orElse(Double.NaN);
    }
    return means;
  }

  private double overLayersAndHeads(PromptStatistics s, int scale) {
    ProfileGeometry geometry = profile.geometry();
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
    ProfileGeometry geometry = profile.geometry();
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
        profile.prompts().stream()
            .mapToDouble(s -> share(s, layer, scale, head))
            .average()
            .orElseThrow();
    return Math.round(mean * 1e4) / 1e4;
  }
}
