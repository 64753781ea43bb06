package io.scalekv.profile;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TensorSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Lossless safetensors file of an {@link AttentionProfile}; the profiles of several files combine.
 *
 * <p>One float64 tensor {@code prompt.N} per prompt, [branch 2][L][K][H + 1][statistic]: branches
 * conditional and unconditional, the last head is the row averaged over the heads, and the
 * statistics are named by the metadata entry {@code statistics}, the shares of the K source maps
 * last. {@code prompts} holds the indices of the prompts and {@code guided} whether each has an
 * unconditional branch. Metadata also hold version, geometry, sampling and, below {@code source.},
 * the origin of the attention.
 */
public final class StatisticsFile {
  /** Version of the format. */
  public static final int VERSION = 1;

  private static final String FORMAT = "scalekv-statistics";
  private static final String SOURCE = "source.";
  private static final Pattern MAP = Pattern.compile("([1-9][0-9]{0,3})x([1-9][0-9]{0,3})");

  /**
   * Content of a file.
   *
   * @param profile the statistics
   * @param source origin of the attention, by name
   */
  public record Content(AttentionProfile profile, SortedMap<String, String> source) {}

  private StatisticsFile() {}

  /**
   * Writes a profile, all or nothing.
   *
   * @param source origin of the attention, by name
   */
  public static void write(AttentionProfile profile, Map<String, String> source, Path file) {
    ProfileGeometry g = profile.geometry();
    ProfileOptions o = profile.options();
    Map<String, String> metadata = new TreeMap<>();
    metadata.put("format", FORMAT);
    metadata.put("version", Integer.toString(VERSION));
    metadata.put("layers", Integer.toString(g.layers()));
    metadata.put("heads", Integer.toString(g.heads()));
    metadata.put(
        "schedule",
        g.schedule().maps().stream().map(TokenMap::toString).collect(Collectors.joining(" ")));
    metadata.put("statistics", String.join(" ", columns(g)));
    metadata.put("querySamples", Integer.toString(o.querySamples()));
    metadata.put("detailRows", Integer.toString(o.detailRows()));
    metadata.put("sortedRows", Integer.toString(ProfileOptions.SORTED_ROWS));
    metadata.put("samplingSeed", Long.toString(o.seed()));
    metadata.put("historyTopK", o.historyTopK().toString());
    metadata.put("sinkTokens", Integer.toString(ProfileOptions.SINK_TOKENS));
    metadata.put("unconditional", Boolean.toString(o.unconditional()));
    metadata.put("cutTokens", Integer.toString(o.cutTokens()));
    source.forEach((name, value) -> metadata.put(SOURCE + name, value));
    Map<String, TensorData> tensors = new TreeMap<>();
    List<PromptStatistics> prompts = profile.prompts();
    int n = prompts.size();
    tensors.put(
        "prompts", TensorData.of(prompts.stream().mapToInt(PromptStatistics::prompt).toArray(), n));
    tensors.put(
        "guided", TensorData.of(prompts.stream().mapToInt(p -> p.guided() ? 1 : 0).toArray(), n));
    for (PromptStatistics p : prompts) {
      tensors.put("prompt." + p.prompt(), TensorData.of(p.values(), shape(g)));
    }
    SafetensorsWriter.writeData(file, tensors, StoredType.F32, metadata);
  }

  private static List<String> columns(ProfileGeometry g) {
    List<String> names = new ArrayList<>();
    for (HeadStatistic s : HeadStatistic.values()) {
      names.add(s.label());
    }
    for (int source = 0; source < g.scales(); source++) {
      names.add("source-mass-" + source);
    }
    return names;
  }

  private static long[] shape(ProfileGeometry g) {
    return new long[] {
      Branch.values().length, g.layers(), g.scales(), g.heads() + 1, PromptStatistics.width(g)
    };
  }

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException if it holds something else; one line naming the file
   */
  public static Content read(Path file) {
    try (TensorSource tensors = SafetensorsFile.open(file)) {
      Map<String, String> metadata = tensors.metadata();
      expect(file, metadata, "format", FORMAT);
      expect(file, metadata, "version", Integer.toString(VERSION));
      ProfileGeometry geometry =
          new ProfileGeometry(
              whole(file, metadata, "layers"),
              whole(file, metadata, "heads"),
              schedule(file, text(file, metadata, "schedule")));
      checkColumns(file, text(file, metadata, "statistics"), columns(geometry));
      expect(file, metadata, "sortedRows", Integer.toString(ProfileOptions.SORTED_ROWS));
      expect(file, metadata, "sinkTokens", Integer.toString(ProfileOptions.SINK_TOKENS));
      ProfileOptions options =
          new ProfileOptions(
              whole(file, metadata, "querySamples"),
              whole(file, metadata, "detailRows"),
              number(file, metadata, "samplingSeed"),
              TopKeys.parse(text(file, metadata, "historyTopK")),
              Boolean.parseBoolean(text(file, metadata, "unconditional")),
              whole(file, metadata, "cutTokens", 0));
      int[] prompts = tensors.ints("prompts");
      int[] guided = tensors.ints("guided");
      Require.that(
          guided.length == prompts.length,
          "%s: guided must have %d entries as prompts, got %d",
          file,
          prompts.length,
          guided.length);
      List<PromptStatistics> statistics = new ArrayList<>();
      for (int i = 0; i < prompts.length; i++) {
        String name = "prompt." + prompts[i];
        long[] shape = tensors.info(name).shape();
        Require.that(
            Arrays.equals(shape, shape(geometry)),
            "%s: %s must have shape %s, got %s",
            file,
            name,
            Arrays.toString(shape(geometry)),
            Arrays.toString(shape));
        statistics.add(
            PromptStatistics.of(prompts[i], geometry, guided[i] != 0, tensors.doubles(name)));
      }
      SortedMap<String, String> source = new TreeMap<>();
      metadata.forEach(
          (name, value) -> {
            if (name.startsWith(SOURCE)) {
              source.put(name.substring(SOURCE.length()), value);
            }
          });
      return new Content(AttentionProfile.of(geometry, options, statistics), source);
    }
  }

  /** Names the statistics that an older or newer version of this project measured differently. */
  private static void checkColumns(Path file, String text, List<String> wanted) {
    List<String> found = List.of(text.split(" ", -1));
    Require.that(
        found.equals(wanted),
        "%s: statistics must be those of this version, got %s; calibrate again to merge it",
        file,
        differences(wanted, found));
  }

  private static String differences(List<String> wanted, List<String> found) {
    List<String> missing = wanted.stream().filter(name -> !found.contains(name)).toList();
    List<String> unknown = found.stream().filter(name -> !wanted.contains(name)).toList();
    return missing.isEmpty() && unknown.isEmpty()
        ? "another order"
        : "no " + missing + " and unknown " + unknown;
  }

  private static ScaleSchedule schedule(Path file, String text) {
    try {
      return new ScaleSchedule(Stream.of(text.split(" ", -1)).map(TokenMap::parse).toList());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": schedule: " + e.getMessage(), e);
    }
  }

  private static String text(Path file, Map<String, String> metadata, String name) {
    String value = metadata.get(name);
    Require.that(value != null, "%s: missing %s", file, name);
    return value;
  }

  private static void expect(Path file, Map<String, String> metadata, String name, String value) {
    String found = text(file, metadata, name);
    Require.that(value.equals(found), "%s: %s must be %s, got %s", file, name, value, found);
  }

  private static long number(Path file, Map<String, String> metadata, String name) {
    String value = text(file, metadata, name);
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "%s: %s must be a whole number, got %s".formatted(file, name, value), e);
    }
  }

  private static int whole(Path file, Map<String, String> metadata, String name) {
    return whole(file, metadata, name, 1);
  }

  private static int whole(Path file, Map<String, String> metadata, String name, int least) {
    long value = number(file, metadata, name);
    return (int) Require.between(file + ": " + name, value, least, Integer.MAX_VALUE);
  }
}
