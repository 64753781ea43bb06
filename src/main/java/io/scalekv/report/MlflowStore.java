package io.scalekv.report;

import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.RunResult;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Json;
import io.scalekv.io.Sha256;
import io.scalekv.metrics.Interval;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * Folder of runs as MLflow's file store keeps them: an experiment is a folder, a run a folder in it
 * with one file for each parameter, metric and tag. A metric of images is {@code KEY} (the mean,
 * with {@code KEY.low} and {@code KEY.high}) and {@code image/KEY}, whose step is the number of the
 * image. The ids follow from names: exported twice, the store holds every run once.
 */
final class MlflowStore {
  private static final int FINISHED = 3;
  private static final int LOCAL_SOURCE = 4;

  private final Path store;

  private MlflowStore(Path store) {
    this.store = store.toAbsolutePath().normalize();
  }

  /** Writes an experiment into a store, which need not exist yet. */
  static void write(Results results, Path store) throws IOException {
    new MlflowStore(store).write(results);
  }

  private void write(Results results) throws IOException {
    ExperimentFile file = results.file();
    String id = experimentId(file.name());
    Path folder = store.resolve(id);
    long first = Long.MAX_VALUE;
    long last = 0;
    for (ResultRow row : ResultRow.distinct(results)) {
      long start = row.started().toEpochMilli();
      long end = start + Math.round(row.result().provenance().wallSeconds() * 1000);
      write(file, row, id, start, end);
      first = Math.min(first, start);
      last = Math.max(last, end);
    }
    if (last > 0) {
      Map<String, Object> meta = new TreeMap<>();
      meta.put("artifact_location", folder.toUri().toString().replaceFirst("/$", ""));
      meta.put("creation_time", first);
      meta.put("experiment_id", id);
      meta.put("last_update_time", last);
      meta.put("lifecycle_stage", "active");
      meta.put("name", file.name());
      yaml(folder.resolve("meta.yaml"), meta);
      text(folder.resolve("tags").resolve("mlflow.note.content"), file.heading());
    }
  }

  /** A number of 18 digits, as MLflow gives. */
  private static String experimentId(String name) {
    long number = Long.parseLong(hash(name).substring(0, 15), 16);
    return String.format("%018d", 100_000_000_000_000_000L + number % 900_000_000_000_000_000L);
  }

  private static String hash(String text) {
    return Sha256.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private void write(ExperimentFile file, ResultRow row, String experiment, long start, long end)
      throws IOException {
    RunResult result = row.result();
    String id = hash(file.name() + "\n" + result.id()).substring(0, 32);
    Path folder = store.resolve(experiment).resolve(id);
    Files.createDirectories(folder.resolve("artifacts"));
    Map<String, String> parameters = new LinkedHashMap<>();
    flatten("", Json.MAPPER.valueToTree(result.run()), parameters);
    for (Map.Entry<String, String> p : parameters.entrySet()) {
      text(folder.resolve("params").resolve(p.getKey()), p.getValue());
    }
    Map<String, List<Double>> metrics = metrics(result);
    for (Map.Entry<String, List<Double>> m : metrics.entrySet()) {
      List<String> lines = new ArrayList<>();
      for (int step = 0; step < m.getValue().size(); step++) {
        if (m.getValue().get(step) != null) {
          lines.add(end + " " + number(m.getValue().get(step)) + " " + step);
        }
      }
      text(folder.resolve("metrics").resolve(m.getKey()), String.join("\n", lines) + "\n");
    }
    Map<String, String> tags =
        Map.of(
            "mlflow.runName", row.row().label(),
            "mlflow.source.name", "scalekv sweep",
            "mlflow.source.type", "LOCAL",
            "mlflow.source.git.commit", result.provenance().commit(),
            "scalekv.run", result.id(),
            "scalekv.group", row.row().group());
    for (Map.Entry<String, String> tag : tags.entrySet()) {
      text(folder.resolve("tags").resolve(tag.getKey()), tag.getValue());
    }
    Map<String, Object> meta = new TreeMap<>();
    meta.put("artifact_uri", folder.resolve("artifacts").toUri().toString().replaceFirst("/$", ""));
    meta.put("end_time", end);
    meta.put("entry_point_name", "");
    meta.put("experiment_id", experiment);
    meta.put("lifecycle_stage", "active");
    meta.put("run_id", id);
    meta.put("run_name", row.row().label());
    meta.put("run_uuid", id);
    meta.put("source_name", "");
    meta.put("source_type", LOCAL_SOURCE);
    meta.put("source_version", "");
    meta.put("start_time", start);
    meta.put("status", FINISHED);
    meta.put("tags", List.of());
    meta.put("user_id", "scalekv");
    yaml(folder.resolve("meta.yaml"), meta); // last: what has no meta.yaml is no run
  }

  /** Returns values by step; null where an image has none. */
  private static Map<String, List<Double>> metrics(RunResult result) {
    Map<String, List<Double>> all = new LinkedHashMap<>();
    for (Map.Entry<String, Interval> m : result.metrics().entrySet()) {
      Interval v = m.getValue();
      all.put(m.getKey(), List.of(v.ranked()));
      if (v.hasInterval()) {
        all.put(m.getKey() + ".low", List.of(v.low()));
        all.put(m.getKey() + ".high", List.of(v.high()));
      }
    }
    TidyRow.ofRun(result).forEach((key, v) -> all.put(key, List.of(v)));
    if (result.memory() != null && result.memory().peakKvBytes() != null) {
      all.put("kvBytes", List.of((double) result.memory().kvBytes()));
      all.put("peakKvBytes", List.of((double) result.memory().peakKvBytes()));
    }
    all.put("wallSeconds", List.of(result.provenance().wallSeconds()));
    result.images().stream()
        .flatMap(i -> i.metrics().keySet().stream())
        .distinct()
        .forEach(
            key ->
                all.put(
                    "image/" + key,
                    result.images().stream().map(i -> i.value(key)).collect(Collectors.toList())));
    all.values().removeIf(v -> v.stream().allMatch(x -> x == null || x.isNaN()));
    return all;
  }

  /** Adds the values of a tree by their path, such as {@code policy.budget}. */
  private static void flatten(String path, JsonNode tree, Map<String, String> to) {
    if (tree.isObject()) {
      tree.properties()
          .forEach(
              e ->
                  flatten(path.isEmpty() ? e.getKey() : path + "." + e.getKey(), e.getValue(), to));
    } else if (!tree.isNull()) {
      String text =
          tree.isArray()
              ? tree.valueStream().map(JsonNode::asString).collect(Collectors.joining(" "))
              : tree.asString();
      if (!text.isEmpty()) {
        to.put(path, text);
      }
    }
  }

  /** Returns a number as Python reads it. */
  private static String number(double value) {
    return Double.isInfinite(value) ? value > 0 ? "inf" : "-inf" : Double.toString(value);
  }

  /** Values as JSON, which YAML contains. */
  private static void yaml(Path file, Map<String, Object> values) throws IOException {
    StringBuilder text = new StringBuilder();
    values.forEach(
        (key, v) ->
            text.append(key).append(": ").append(Json.MAPPER.writeValueAsString(v)).append('\n'));
    text(file, text.toString());
  }

  private static void text(Path file, String text) throws IOException {
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
