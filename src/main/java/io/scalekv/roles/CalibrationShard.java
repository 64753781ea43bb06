package io.scalekv.roles;

import io.scalekv.io.Require;
import io.scalekv.profile.Measurements;
import io.scalekv.profile.PromptValuesFile;
import io.scalekv.profile.StatisticsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Part of a calibration that measures every n-th image: two files in a folder, {@code
 * shard-i-of-n.statistics.safetensors} and {@code shard-i-of-n.parts.safetensors}. All n together
 * give the same bits as one calibration of all images.
 *
 * @param index from 1
 * @param count number of all shards
 */
public record CalibrationShard(int index, int count) {
  private static final Pattern TEXT = Pattern.compile("([0-9]{1,6})/([0-9]{1,6})");
  private static final Pattern NAME =
      Pattern.compile("shard-([0-9]{1,6})-of-([0-9]{1,6})\\.statistics\\.safetensors");

  /** Checks the range. */
  public CalibrationShard {
    Require.that(
        index >= 1 && index <= count, "shard must be between 1/n and n/n, got %d/%d", index, count);
  }

  /** Reads {@code 2/7}. */
  public static CalibrationShard parse(String text) {
    Matcher parts = TEXT.matcher(text);
    Require.that(parts.matches(), "shard must be such as 2/7, got %s", text);
    return new CalibrationShard(Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2)));
  }

  /** Returns the images of this shard. */
  public int[] images(int all) {
    Require.that(count <= all, "shards must be at most %d, one an image, got %d", all, count);
    return IntStream.range(0, all).filter(i -> i % count == index - 1).toArray();
  }

  private Path file(Path folder, String kind) {
    return folder.resolve("shard-%d-of-%d.%s.safetensors".formatted(index, count, kind));
  }

  /** Writes the measurements of this shard; the statistics last, as they mark it complete. */
  public List<Path> write(Path folder, Measurements measured, SortedMap<String, String> provenance)
      throws IOException {
    Files.createDirectories(folder);
    PromptValuesFile.write(measured.values(), file(folder, "parts"));
    StatisticsFile.write(measured.profile(), provenance, file(folder, "statistics"));
    return List.of(file(folder, "statistics"), file(folder, "parts"));
  }

  /**
   * Returns the measurements of all shards of a folder.
   *
   * @throws IllegalArgumentException if a shard is missing or belongs to another calibration
   */
  public static Measurements readAll(Path folder, CalibrationRun run, int images)
      throws IOException {
    Measurements all = null;
    for (CalibrationShard shard : shards(folder)) {
      Path file = shard.file(folder, "statistics");
      StatisticsFile.Content content = StatisticsFile.read(file);
      checkSource(file, run.provenance(), content.source());
      Measurements one =
          new Measurements(
              content.profile(),
              PromptValuesFile.read(
                  content.profile().geometry(), run.widths(), shard.file(folder, "parts")));
      all = all == null ? one : all.combine(one);
    }
    int found = all.profile().prompts().size();
    Require.that(found == images, "%s: shards must hold %d images, got %d", folder, images, found);
    return all;
  }

  private static List<CalibrationShard> shards(Path folder) throws IOException {
    List<CalibrationShard> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.sorted().toList()) {
          Matcher name = NAME.matcher(file.getFileName().toString());
          if (name.matches()) {
            found.add(parse(name.group(1) + "/" + name.group(2)));
          }
        }
      }
    }
    Require.that(
        !found.isEmpty(),
        "%s: missing shards such as shard-1-of-7.statistics.safetensors: run calibrate --shard",
        folder);
    int count = found.get(0).count();
    for (CalibrationShard shard : found) {
      Require.that(
          shard.count() == count,
          "%s: shards must belong to one calibration, got some of %d and some of %d",
          folder,
          count,
          shard.count());
    }
    for (int i = 1; i <= count; i++) {
      CalibrationShard wanted = new CalibrationShard(i, count);
      Require.that(
          found.contains(wanted),
          "%s: missing shard %d: run calibrate --shard %d/%d",
          folder,
          i,
          i,
          count);
    }
    return found;
  }

  private static void checkSource(
      Path file, SortedMap<String, String> wanted, SortedMap<String, String> found) {
    wanted.forEach(
        (name, value) ->
            Require.that(
                value.equals(found.get(name)),
                "%s: %s must be %s, got %s",
                file,
                name,
                value,
                found.get(name)));
  }
}
