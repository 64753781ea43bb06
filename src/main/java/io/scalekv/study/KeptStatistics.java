package io.scalekv.study;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.StatisticsFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;

/**
 * Attention statistics of every prompt of a calibration.
 *
 * @param source origin of the attention by name: model, weights, prompts, guidance, seed, …
 * @param schedule token maps
 * @param table statistics by prompt, layer and scale
 */
record KeptStatistics(
    SortedMap<String, String> source, ScaleSchedule schedule, LayerStatistics table) {
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
        source, kept.profile().geometry().schedule(), LayerStatistics.of(kept.profile()));
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
}
