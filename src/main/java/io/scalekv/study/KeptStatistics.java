package io.scalekv.study;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.StatisticsFile;
import io.scalekv.report.LayerScaleMap;
import io.scalekv.report.NamedFigure;
import io.scalekv.report.Palette;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleBootstrap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SortedMap;

/**
 * Attention statistics of every prompt of a calibration.
 *
 * @param source origin of the attention by name: model, weights, prompts, guidance, seed, …
 * @param schedule token maps
 * @param profile statistics of heads by prompt, layer and scale
 * @param table statistics of layers by prompt, layer and scale
 */
record KeptStatistics(
    SortedMap<String, String> source,
    ScaleSchedule schedule,
    AttentionProfile profile,
    LayerStatistics table) {
  /** File that {@code calibrate} leaves. */
  private static final String NAME = "statistics.safetensors";

  /** Reads a file of statistics, or that of a calibration folder. */
  static KeptStatistics read(Path path) {
    StatisticsFile.Content kept = StatisticsFile.read(file(path));
    SortedMap<String, String> source = kept.source();
    source.put("prompts", Integer.toString(kept.profile().prompts().size()));
    int rows = kept.profile().options().querySamples();
    source.put("querySamples", rows == Integer.MAX_VALUE ? "all" : Integer.toString(rows));
    return new KeptStatistics(
        source,
        kept.profile().geometry().schedule(),
        kept.profile(),
        LayerStatistics.of(kept.profile()));
  }

  private static Path file(Path path) {
    Path file = Files.isDirectory(path) ? path.resolve(NAME) : path;
    Require.that(Files.isRegularFile(file), "missing %s: run calibrate", file);
    return file;
  }

  /** Returns the name of the model. */
  String model() {
    return source.getOrDefault("model", "model");
  }

  /** Returns the prompts in words, such as {@code 10 prompts of scenes-10.txt}. */
  String prompts() {
    return table.prompts() + " prompts of " + source.getOrDefault("promptFile", "unknown");
  }

  /**
   * Returns a heat map of the probability that a layer is a drafter.
   *
   * @param first first scale, 0-based, that reads a compressed cache
   * @param roles roles from all prompts, outlined
   */
  NamedFigure probability(String name, int first, ClassifiedRoles roles, RoleBootstrap bootstrap) {
    int scales = schedule.scales() - first;
    double[][] values =
        LayerScale.table(
            table.layers(), scales, (l, k) -> bootstrap.drafterProbability(l, first + k));
    String title = model() + ": probability of a drafter, " + roles.classifier();
    return new NamedFigure(
        name,
        title,
        LayerScaleMap.of(title, values)
            .notes(
                "%d prompts · %d bootstrap draws · outlined: drafter by all prompts"
                    .formatted(bootstrap.prompts(), bootstrap.draws()))
            .scales(schedule, first)
            .colours(Palette.SHARE, 0, 1)
            .unit("probability of a drafter")
            .texts((l, k) -> words(values[l][k]))
            .outlined((l, k) -> roles.assignment().isDrafter(l, first + k))
            .build());
  }

  /** Never rounds to certainty. */
  private static String words(double p) {
    return p == 0 || p == 1
        ? String.valueOf((int) p)
        : p < 0.005 ? "<0.01" : p > 0.995 ? ">0.99" : String.format(Locale.ROOT, "%.2f", p);
  }
}
