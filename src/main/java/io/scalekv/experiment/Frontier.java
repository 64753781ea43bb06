package io.scalekv.experiment;

import io.scalekv.io.FileKind;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.io.TextFile;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Psnr;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Frontier of an experiment, by peak bytes of keys and values and PSNR of the mean MSE ({@link
 * Psnr#OF_MEAN_MSE}): the settings that no other setting beats at their bytes or fewer, and all
 * measured settings that differ from one of them in the budget alone, so that a value between two
 * budgets is interpolated between the nearest ones that were measured.
 *
 * <p>Bytes are what the cache was measured to hold for one image, all guidance branches and scales
 * of int8 numbers included. Neighbours may lie within each other's interval: the frontier is that
 * of the means.
 *
 * @param schemaVersion {@value #SCHEMA_VERSION}
 * @param experiment name of the experiment
 * @param specSha256 hash of its file
 * @param model the model
 * @param schedule its token maps
 * @param cfg guidance
 * @param prompts of the measurement
 * @param candidates settings that were measured
 * @param points by bytes; {@link #best()} are those on the frontier
 */
public record Frontier(
    int schemaVersion,
    String experiment,
    String specSha256,
    Run.Model model,
    List<String> schedule,
    double cfg,
    Run.Prompts prompts,
    int candidates,
    List<Point> points) {
  /** Version of this file format. */
  public static final int SCHEMA_VERSION = 2;

  /** End of the name of its file among the tables of a report. */
  public static final String NAME = "frontier.json";

  /**
   * A setting.
   *
   * @param label its row in the experiment
   * @param run its id
   * @param policy what the cache keeps, and in which format
   * @param bytes the most that the tokens of one image held after any map
   * @param allocatedBytes the most that was taken from the system for them
   * @param psnrOfMeanMse {@link Psnr#OF_MEAN_MSE}, of all images
   * @param metrics values by {@link io.scalekv.metrics.Metric#key}
   */
  public record Point(
      String label,
      String run,
      Run.Policy policy,
      long bytes,
      long allocatedBytes,
      Interval psnrOfMeanMse,
      Map<String, Interval> metrics) {
    /** Copies the map. */
    public Point {
      metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }

    /** The setting of a result; empty where it has no measured bytes or no PSNR. */
    public static Optional<Point> of(String label, RunResult r) {
      RunResult.Memory m = r.memory();
      Optional<Interval> psnr = r.psnrOfMeanMse();
      boolean measured = r.run().kind() == Run.Kind.POLICY && m != null && m.peakKvBytes() != null;
      if (!measured || psnr.isEmpty()) {
        return Optional.empty();
      }
      long images = Math.min(m.batch(), r.run().prompts().images());
      return Optional.of(
          new Point(
              label,
              r.id(),
              r.run().policy(),
              -Math.floorDiv(-m.peakKvBytes(), images),
              -Math.floorDiv(-m.allocatedBytes(), images),
              psnr.get(),
              r.metrics()));
    }

    /** Returns what settings that differ in the budget alone share; a split stands for itself. */
    public String series() {
      Run.Policy p = policy;
      String split =
          p.unconditionalBudget() == null ? "" : p.budget() + " and " + p.unconditionalBudget();
      return String.join(
          " ",
          p.name(),
          String.valueOf(p.keyType()),
          String.valueOf(p.valueType()),
          String.valueOf(p.cfgUntil()),
          split);
    }

    /** Returns the value to rank by, in dB; +∞ where all images are those of the full cache. */
    public double psnrDb() {
      return psnrOfMeanMse.ranked();
    }
  }

  /** Copies the lists. */
  public Frontier {
    schedule = List.copyOf(schedule);
    points = List.copyOf(points);
  }

  /** Every setting of an experiment with measured bytes and PSNR, by bytes, the best first. */
  public static List<Point> settings(Results results) {
    Map<String, Point> byRun = new LinkedHashMap<>();
    for (ExperimentFile.Row row : results.file().rows()) {
      RunResult r = results.runs().get(row.id());
      if (r != null) {
        Point.of(row.label(), r).ifPresent(p -> byRun.putIfAbsent(p.run(), p));
      }
    }
    List<Point> all = new ArrayList<>(byRun.values());
    all.sort(
        Comparator.comparingLong(Point::bytes)
            .thenComparing(Comparator.comparingDouble(Point::psnrDb).reversed()));
    return all;
  }

  /** Returns the settings that no other beats at their bytes or fewer. */
  public List<Point> best() {
    return best(points);
  }

  /** Those settings that no other beats, of settings by bytes, the best first. */
  static List<Point> best(List<Point> settings) {
    List<Point> best = new ArrayList<>();
    for (Point p : settings) {
      if (best.isEmpty() || p.psnrDb() > best.get(best.size() - 1).psnrDb()) {
        best.add(p);
      }
    }
    return best;
  }

  /**
   * The frontier of an experiment.
   *
   * @throws IllegalArgumentException if no run has measured bytes and PSNR
   */
  public static Frontier of(Results results) {
    List<Point> settings = settings(results);
    Require.that(
        !settings.isEmpty(),
        "experiment %s: must hold results with measured bytes and PSNR",
        results.file().name());
    Run any = results.runs().get(settings.get(0).run()).run();
    Set<String> series = best(settings).stream().map(Point::series).collect(Collectors.toSet());
    return new Frontier(
        SCHEMA_VERSION,
        results.file().name(),
        results.file().specSha256(),
        any.model(),
        any.generation().schedule(),
        any.generation().cfg(),
        any.prompts(),
        settings.size(),
        settings.stream().filter(p -> series.contains(p.series())).toList());
  }

  /** The frontier that comes with a model, if one does. */
  public static Optional<Frontier> shipped(String model) {
    String resource = "frontiers/" + model + ".json";
    return TextFile.resource(Frontier.class, resource).map(text -> parse(text, resource));
  }

  /** Reads a file. */
  public static Frontier read(Path file) throws IOException {
    return parse(Json.text(file), file.toString());
  }

  private static Frontier parse(String text, String name) {
    JsonNode json = Json.parse(text, name);
    FileKind.FRONTIER.check(json, name);
    JsonNode version = json.path("schemaVersion");
    if (version.asInt(0) != SCHEMA_VERSION) {
      throw Json.error(name, "/schemaVersion", "" + SCHEMA_VERSION, version.toString());
    }
    for (JsonNode point : json.path("points")) {
      if (point.path("policy") instanceof ObjectNode policy && !policy.has("cfgUntil")) {
        policy.putNull("cfgUntil");
      }
    }
    return Json.bind(json, Frontier.class, name);
  }
}
