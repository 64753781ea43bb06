package io.scalekv.experiment;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Folder of the results of an experiment. While it runs, every finished run is one file {@code
 * runs/ID.json}, every failed one {@code runs/ID.failed.json}, each written whole or not at all.
 * When all runs are finished, {@link #finish} replaces them by {@value #RUNS} and {@value #IMAGES}
 * (the numbers of every image, one JSON object a line). Reading works in both states and between
 * them, also while other processes write.
 */
public final class ResultFolder {
  /** Finished runs without the numbers of their images. */
  public static final String RUNS = "runs.json";

  /** Numbers of the images of all finished runs. */
  public static final String IMAGES = "images.jsonl.gz";

  private final Path folder;
  private Map<String, RunResult> packed = Map.of();
  private String packedHash;

  /** Creates a folder, which need not exist yet. */
  public ResultFolder(Path folder) {
    this.folder = folder;
  }

  /** Returns the file of one finished run, before the experiment is finished. */
  public Path file(String id) {
    return folder.resolve("runs").resolve(id + ".json");
  }

  private Path failureFile(String id) {
    return folder.resolve("runs").resolve(id + ".failed.json");
  }

  /** Returns the folder of the images of a run, where they are kept. */
  public Path images(String id) {
    return folder.resolve("images").resolve(id);
  }

  /**
   * Returns the result of a run, if there is a sound one; an unsound file of a run counts as none.
   *
   * @throws IllegalArgumentException where the files of a finished experiment are damaged
   */
  public Optional<RunResult> find(String id) throws IOException {
    try {
      if (Files.isRegularFile(file(id))) {
        RunResult result = RunJson.read(file(id));
        if (result.id().equals(id)) {
          return Optional.of(result);
        }
      }
    } catch (NoSuchFileException e) {
      // another process has just finished the experiment
    } catch (IllegalArgumentException e) {
      // run again
    }
    return Optional.ofNullable(packed().get(id));
  }

  /** Writes the result of a run. */
  public void write(RunResult result) throws IOException {
    RunJson.write(result, file(result.id()));
    Files.deleteIfExists(failureFile(result.id()));
  }

  /** Writes the error of a run. */
  public void write(RunFailure failure) throws IOException {
    CanonicalJson.write(failureFile(failure.id()), failure);
  }

  /** Returns the error of a run that failed. */
  public Optional<RunFailure> failure(String id) throws IOException {
    Path file = failureFile(id);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    String name = file.toString();
    return Optional.of(
        Json.bindOptional(Json.parse(Json.text(file), name), RunFailure.class, name));
  }

  /**
   * Packs all results if every run of the experiment has one or is not applicable, then removes
   * their single files.
   *
   * @return whether the experiment is finished
   */
  public boolean finish() throws IOException {
    Path runs = folder.resolve("runs");
    if (!Files.isDirectory(runs)) {
      return Files.isRegularFile(folder.resolve(RUNS));
    }
    Map<String, RunResult> all = new LinkedHashMap<>(packed());
    for (ExperimentFile.Row row : ExperimentFile.read(folder).rows()) {
      Optional<RunResult> result = find(row.id());
      if (result.isEmpty() && !failure(row.id()).map(RunFailure::notApplicable).orElse(false)) {
        return false;
      }
      result.ifPresent(r -> all.put(row.id(), r));
    }
    pack(all);
    for (String id : all.keySet()) {
      Files.deleteIfExists(file(id));
      Files.deleteIfExists(failureFile(id));
    }
    try (Stream<Path> left = Files.list(runs)) {
      if (left.findAny().isEmpty()) {
        Files.deleteIfExists(runs);
      }
    } catch (NoSuchFileException e) {
      // another process finished the same experiment
    }
    return true;
  }

  private void pack(Map<String, RunResult> all) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ArrayNode runs = JsonNodeFactory.instance.arrayNode();
    try (Writer lines =
        new OutputStreamWriter(new GZIPOutputStream(bytes), StandardCharsets.UTF_8)) {
      for (RunResult result : new TreeMap<>(all).values()) {
        ObjectNode tree = Json.MAPPER.valueToTree(result);
        for (JsonNode image : tree.remove("images")) {
          ObjectNode line = JsonNodeFactory.instance.objectNode().put("run", result.id());
          line.setAll((ObjectNode) image);
          lines.write(Json.MAPPER.writeValueAsString(line));
          lines.write('\n');
        }
        runs.add(tree);
      }
    }
    // the images first: whoever sees the runs finds their images
    AtomicFile.write(folder.resolve(IMAGES), bytes.toByteArray());
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    file.put("schemaVersion", RunResult.SCHEMA_VERSION).set("runs", runs);
    CanonicalJson.write(folder.resolve(RUNS), file);
  }

  /** Returns results of a finished experiment, by id; read again when the file has changed. */
  private Map<String, RunResult> packed() throws IOException {
    Path file = folder.resolve(RUNS);
    if (!Files.isRegularFile(file)) {
      return Map.of();
    }
    String hash = Sha256.of(file);
    if (!hash.equals(packedHash)) {
      packed = readPacked(file);
      packedHash = hash;
    }
    return packed;
  }

  private Map<String, RunResult> readPacked(Path file) throws IOException {
    JsonNode tree = Json.parse(Json.text(file), file.toString());
    Map<String, ArrayNode> images = readImages();
    Map<String, RunResult> all = new LinkedHashMap<>();
    JsonNode runs = tree.path("runs");
    Require.that(runs.isArray(), "%s: /runs must be a list, got %s", file, runs.getNodeType());
    for (int i = 0; i < runs.size(); i++) {
      String name = file + ": /runs/" + i;
      Require.that(runs.get(i).isObject(), "%s must be an object", name);
      ObjectNode run = ((ObjectNode) runs.get(i)).deepCopy();
      String id = run.path("id").asString("");
      run.set("images", images.getOrDefault(id, JsonNodeFactory.instance.arrayNode()));
      RunResult result = RunJson.read(run, name);
      boolean whole =
          result.run().prompts() == null
              || result.images().isEmpty()
              || result.images().size() == result.run().prompts().images();
      Require.that(whole, "%s: %s lacks images of run %s", file, IMAGES, id);
      all.put(id, result);
    }
    return Collections.unmodifiableMap(all);
  }

  private Map<String, ArrayNode> readImages() throws IOException {
    Path file = folder.resolve(IMAGES);
    Map<String, ArrayNode> images = new HashMap<>();
    byte[] bytes = Files.readAllBytes(file);
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(new ByteArrayInputStream(bytes)), StandardCharsets.UTF_8))) {
      int number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String name = file + ": line " + ++number;
        JsonNode image = Json.parse(line, name);
        Require.that(
            image instanceof ObjectNode o && o.path("run").isString(),
            "%s must name its run",
            name);
        String id = ((ObjectNode) image).remove("run").stringValue();
        images.computeIfAbsent(id, i -> JsonNodeFactory.instance.arrayNode()).add(image);
      }
    } catch (java.util.zip.ZipException | java.io.EOFException e) {
      throw new IllegalArgumentException(file + " must be a gzip file, got a damaged one", e);
    }
    return images;
  }

  /**
   * Reads everything. Runs that are neither finished nor failed are in neither map.
   *
   * @throws IllegalArgumentException for a damaged file
   */
  public Results read() throws IOException {
    ExperimentFile file = ExperimentFile.read(folder);
    Map<String, RunResult> results = new LinkedHashMap<>();
    Map<String, String> failures = new LinkedHashMap<>();
    for (String id : file.rows().stream().map(ExperimentFile.Row::id).distinct().toList()) {
      Optional<RunResult> result = find(id);
      if (result.isPresent()) {
        results.put(id, result.get());
      } else {
        if (Files.isRegularFile(file(id))) {
          RunResult other = RunJson.read(file(id)); // says what is wrong with it
          throw new IllegalArgumentException(
              "%s must be the result of run %s, got %s".formatted(file(id), id, other.id()));
        }
        failure(id).ifPresent(f -> failures.put(id, f.error()));
      }
    }
    return new Results(file, results, failures);
  }

  /**
   * Copies results, with the images that are there, of runs that this experiment lacks and a
   * neighbouring folder has. The id of a run is the hash of all that its result depends on, so a
   * result of one experiment serves the others; it keeps the name of the experiment that it was
   * measured for.
   */
  void takeFromNeighbours(List<Experiment.Planned> runs) throws IOException {
    List<ResultFolder> others = neighbours();
    for (Experiment.Planned run : runs) {
      for (int i = 0; i < others.size() && find(run.id()).isEmpty(); i++) {
        Optional<RunResult> found = others.get(i).find(run.id());
        if (found.isPresent()) {
          copyImages(others.get(i).images(run.id()), images(run.id()));
          write(found.get());
        }
      }
    }
  }

  private static void copyImages(Path from, Path to) throws IOException {
    if (!Files.isDirectory(from)) {
      return;
    }
    List<Path> images;
    try (Stream<Path> all = Files.list(from)) {
      images = all.filter(Files::isRegularFile).sorted().toList();
    }
    for (Path image : images) {
      AtomicFile.write(to.resolve(image.getFileName()), Files.readAllBytes(image));
    }
  }

  private List<ResultFolder> neighbours() throws IOException {
    Path parent = folder.toAbsolutePath().getParent();
    try (Stream<Path> all = Files.list(parent)) {
      return all.filter(f -> Files.isRegularFile(f.resolve(ExperimentFile.NAME)))
          .filter(f -> !f.getFileName().equals(folder.getFileName()))
          .sorted()
          .map(ResultFolder::new)
          .toList();
    }
  }
}
