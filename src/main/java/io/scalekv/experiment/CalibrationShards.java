package io.scalekv.experiment;

import io.scalekv.profile.StatisticsFile;
import io.scalekv.profile.TapsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A calibration in parts: shard i of n draws every n-th prompt and leaves two files, {@code
 * shard-i-of-n.statistics.safetensors} and {@code shard-i-of-n.taps.safetensors}. All n together
 * give the same bits as one calibration of all prompts, because every mean is taken over the
 * prompts in their order.
 */
public final class CalibrationShards {
  private static final Pattern NAME =
      Pattern.compile("shard-([0-9]{1,6})-of-([0-9]{1,6})\\.statistics\\.safetensors");

  /**
   * One shard.
   *
   * @param index from 1
   * @param count of all shards
   */
  public record Shard(int index, int count) {
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,6})/([0-9]{1,6})");

    /** Checks the range. */
    public Shard {
      if (index < 1 || index > count) {
        throw new IllegalArgumentException(
            "shard: 1/n to n/n expected, got %d/%d".formatted(index, count));
      }
    }

    /** Reads {@code 2/7}. */
    public static Shard parse(String text) {
      Matcher parts = TEXT.matcher(text);
      if (!parts.matches()) {
        throw new IllegalArgumentException("shard: a pair such as 2/7 expected, got " + text);
      }
      return new Shard(Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2)));
    }

    /** The prompts of this shard, by index in the set. */
    public int[] prompts(int all) {
      return IntStream.range(0, all).filter(p -> p % count == index - 1).toArray();
    }

    Path statistics(Path folder) {
      return folder.resolve("shard-%d-of-%d.statistics.safetensors".formatted(index, count));
    }

    Path taps(Path folder) {
      return folder.resolve("shard-%d-of-%d.taps.safetensors".formatted(index, count));
    }
  }

  private CalibrationShards() {}

  /**
   * Keeps what was measured of one shard; the statistics last, which say that it is complete.
   *
   * @param source where it came from, by name; the same for all shards of a calibration
   */
  public static List<Path> write(
      Path folder, Shard shard, PolicyCalibrator.Measured measured, Map<String, String> source)
      throws IOException {
    Files.createDirectories(folder);
    TapsFile.write(measured.taps(), shard.taps(folder));
    StatisticsFile.write(measured.profile().orElseThrow(), source, shard.statistics(folder));
    return List.of(shard.statistics(folder), shard.taps(folder));
  }

  /**
   * All shards of a folder together.
   *
   * @param source what every one of them must have come from
   * @param prompts how many there are in all
   * @throws IllegalArgumentException if one is missing or is of something else
   */
  public static PolicyCalibrator.Measured read(Path folder, Map<String, String> source, int prompts)
      throws IOException {
    List<Shard> shards = shards(folder);
    PolicyCalibrator.Measured all = null;
    for (Shard shard : shards) {
      Path file = shard.statistics(folder);
      StatisticsFile.Kept kept = StatisticsFile.read(file);
      check(file, source, kept.source());
      PolicyCalibrator.Measured one =
          new PolicyCalibrator.Measured(
              TapsFile.read(kept.profile().geometry(), shard.taps(folder)),
              Optional.of(kept.profile()));
      all = all == null ? one : all.combine(one);
    }
    int found = all.profile().orElseThrow().prompts().size();
    if (found != prompts) {
      throw new IllegalArgumentException(
          "%s: shards of %d prompts expected, got %d".formatted(folder, prompts, found));
    }
    return all;
  }

  private static List<Shard> shards(Path folder) throws IOException {
    List<Shard> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.sorted().toList()) {
          Matcher name = NAME.matcher(file.getFileName().toString());
          if (name.matches()) {
            found.add(Shard.parse(name.group(1) + "/" + name.group(2)));
          }
        }
      }
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          folder + ": files such as shard-1-of-7.statistics.safetensors expected, got none");
    }
    int count = found.get(0).count();
    for (Shard shard : found) {
      if (shard.count() != count) {
        throw new IllegalArgumentException(
            "%s: shards of one calibration expected, got some of %d and some of %d"
                .formatted(folder, count, shard.count()));
      }
    }
    for (int i = 1; i <= count; i++) {
      if (!found.contains(new Shard(i, count))) {
        throw new IllegalArgumentException(
            "%s: all %d shards expected, got no shard %d".formatted(folder, count, i));
      }
    }
    return found;
  }

  private static void check(
      Path file, Map<String, String> expected, SortedMap<String, String> got) {
    expected.forEach(
        (name, value) -> {
          if (!value.equals(got.get(name))) {
            throw new IllegalArgumentException(
                "%s: %s %s expected, got %s".formatted(file, name, value, got.get(name)));
          }
        });
  }
}
