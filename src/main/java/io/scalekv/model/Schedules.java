package io.scalekv.model;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import io.scalekv.io.TextFile;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Published table of token maps: 15 aspect ratios (height / width) by 4 sizes
 * (FoundationVision/Infinity, dynamic resolution table), as the resource {@code schedules.csv}.
 */
public final class Schedules {
  /** Names of the sizes, smallest first. */
  public static final List<String> SIZES = List.of("0.06M", "0.25M", "0.60M", "1M");

  private static final Map<Double, Map<String, ScaleSchedule>> TABLE = read();

  private Schedules() {}

  /** Returns the 15 aspect ratios, height / width, ascending. */
  public static List<Double> ratios() {
    return TABLE.keySet().stream().sorted().toList();
  }

  /**
   * Returns the published ratio nearest to a positive one; of two as near, the first in the
   * published order 1, 1.25, 0.8, 1.333, 0.75 ….
   */
  public static double nearestRatio(double ratio) {
    Require.that(
        ratio > 0 && !Double.isInfinite(ratio),
        "aspect must be a positive height/width, got %s",
        ratio);
    double best = Double.NaN;
    for (double r : TABLE.keySet()) {
      if (Double.isNaN(best) || Math.abs(r - ratio) < Math.abs(best - ratio)) {
        best = r;
      }
    }
    return best;
  }

  /**
   * Returns the token maps of a ratio and size.
   *
   * @param ratio height / width; the nearest published ratio is taken
   * @param size one of {@link #SIZES}
   */
  public static ScaleSchedule of(double ratio, String size) {
    ScaleSchedule s = TABLE.get(nearestRatio(ratio)).get(size);
    Require.that(s != null, "size must be one of %s, got %s", SIZES, size);
    return s;
  }

  /**
   * Returns the map to which rotary positions of a ratio are normalised: the last of its 1M
   * schedule.
   */
  public static TokenMap rotaryReference(double ratio) {
    return of(ratio, "1M").last();
  }

  private static Map<Double, Map<String, ScaleSchedule>> read() {
    Map<Double, Map<String, ScaleSchedule>> table = new LinkedHashMap<>();
    List<String> lines =
        TextFile.lines(TextFile.resource(Schedules.class, "schedules.csv").orElseThrow());
    for (String line : lines.subList(1, lines.size())) {
      String[] cells = line.split(",");
      table
          .computeIfAbsent(Double.valueOf(cells[0]), r -> new LinkedHashMap<>())
          .put(
              cells[1],
              new ScaleSchedule(Stream.of(cells[4].split(" ")).map(TokenMap::parse).toList()));
    }
    return table;
  }
}
