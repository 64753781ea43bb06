package io.scalekv.study;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.profile.FeatureTable;
import io.scalekv.profile.StatisticsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.Stream;

/**
 * Attention statistics of every prompt, kept by a calibration.
 *
 * @param source origin of the attention by name: model, weights, prompts, guidance, seed, …
 * @param schedule token maps
 * @param table statistics by prompt, layer and scale
 */
record KeptStatistics(
    SortedMap<String, String> source, ScaleSchedule schedule, FeatureTable table) {
  private static final String ENDING = ".safetensors";

  /** Reads a file of statistics, or the only one in a folder. */
  static KeptStatistics read(Path path) throws IOException {
    StatisticsFile.Kept kept = StatisticsFile.read(file(path));
    SortedMap<String, String> source = kept.source();
    source.put("prompts", Integer.toString(kept.profile().prompts().size()));
    int rows = kept.profile().options().querySamples();
    source.put("querySamples", rows == Integer.MAX_VALUE ? "all" : Integer.toString(rows));
    return new KeptStatistics(
        source, kept.profile().geometry().schedule(), FeatureTable.of(kept.profile()));
  }

  private static Path file(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      Require.that(Files.isRegularFile(path), "missing %s: run calibrate with --statistics", path);
      return path;
    }
    try (Stream<Path> files = Files.list(path)) {
      List<Path> found = files.filter(f -> f.toString().endsWith(ENDING)).sorted().toList();
      Require.that(
          found.size() == 1,
          "%s must hold one file of statistics, as calibrate --statistics leaves, got %d",
          path,
          found.size());
      return found.get(0);
    }
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
