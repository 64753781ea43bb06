package io.scalekv.profile;

import io.scalekv.cache.ScaleSchedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Profiles of made-up numbers, without a model. */
public final class Profiles {
  /** A statistic of one head of a prompt; {@code head} is H for the averaged row. */
  @FunctionalInterface
  public interface Value {
    double of(HeadStatistic statistic, int prompt, int layer, int scale, int head);
  }

  private Profiles() {}

  /** A profile of these values; the history is undefined at scale 0. */
  public static AttentionProfile of(
      int layers, int heads, ScaleSchedule schedule, int prompts, boolean guided, Value value) {
    ProfileGeometry geometry = new ProfileGeometry(layers, heads, schedule);
    List<PromptStatistics> all = new ArrayList<>();
    for (int p = 0; p < prompts; p++) {
      all.add(prompt(geometry, p, guided, value));
    }
    return AttentionProfile.of(geometry, ProfileOptions.defaults(), all);
  }

  /** Random values in (0, 1), entropies a little larger. */
  public static AttentionProfile random(
      long seed, int layers, int heads, ScaleSchedule schedule, int prompts) {
    Random random = new Random(seed);
    return of(
        layers,
        heads,
        schedule,
        prompts,
        true,
        (statistic, prompt, layer, scale, head) ->
            random.nextDouble() + (statistic == HeadStatistic.ENTROPY ? 1 : 0));
  }

  private static PromptStatistics prompt(
      ProfileGeometry geometry, int prompt, boolean guided, Value value) {
    PromptStatistics.Builder builder = new PromptStatistics.Builder(prompt, geometry);
    double[] row = new double[PromptStatistics.width(geometry)];
    for (int l = 0; l < geometry.layers(); l++) {
      for (int k = 0; k < geometry.scales(); k++) {
        for (int h = 0; h <= geometry.heads(); h++) {
          for (HeadStatistic s : HeadStatistic.values()) {
            boolean history = s.label().startsWith("history") || s == HeadStatistic.SINK_MASS;
            row[s.ordinal()] = history && k == 0 ? Double.NaN : value.of(s, prompt, l, k, h);
          }
          for (int source = 0; source < geometry.scales(); source++) {
            row[HeadStatistic.values().length + source] = source <= k ? 1.0 / (k + 1) : 0;
          }
          for (Branch branch : Branch.values()) {
            if (guided || branch == Branch.CONDITIONAL) {
              builder.set(branch, l, k, h, row, 0);
            }
          }
        }
        builder.complete(l, k, guided);
      }
    }
    return builder.build();
  }
}
