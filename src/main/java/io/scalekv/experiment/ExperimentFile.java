package io.scalekv.experiment;

import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import io.scalekv.model.ModelChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * File {@value #NAME}, which says what a folder of results is about. It holds the experiment as it
 * was written, its runs in their order, and every prompt, so that a result can be derived again
 * from the folder alone.
 *
 * @param schemaVersion {@value #SCHEMA_VERSION}
 * @param name of the experiment
 * @param title for reports
 * @param kind of measurement
 * @param model as it was asked for
 * @param quick whether the small version was run
 * @param spec text of the experiment's file
 * @param specSha256 its hash
 * @param promptFile name of the prompt file, without folders; null where none was used
 * @param promptSha256 hash under which the prompts are in {@code promptSets}; null with it
 * @param reference folder of the reference images below {@code reference/}; null with it
 * @param rows the runs in the order of the file
 * @param promptSets texts by the SHA-256 of their lines, those of calibrations too
 */
public record ExperimentFile(
    int schemaVersion,
    String name,
    String title,
    ExperimentSpec.Kind kind,
    ModelChoice model,
    boolean quick,
    String spec,
    String specSha256,
    String promptFile,
    String promptSha256,
    String reference,
    List<Row> rows,
    Map<String, List<String>> promptSets) {
  /** Name of the file. */
  public static final String NAME = "experiment.json";

  /** Version of this file format. */
  public static final int SCHEMA_VERSION = 1;

  /**
   * One run in its place. The same run may stand in several rows.
   *
   * @param group name of the group of rows it belongs to
   * @param label unique in its group, such as {@code scalekv at 10%}
   * @param series the label without the budget, by which the budgets of a policy belong together
   * @param id of the run
   */
  public record Row(String group, String label, String series, String id) {}

  /** Returns the name or folder of the model. */
  public String modelName() {
    return model.name();
  }

  /** Returns the options of the command line that choose the model. */
  public String modelOptions() {
    return model.options();
  }

  /** Copies the collections. */
  public ExperimentFile {
    rows = List.copyOf(rows);
    promptSets = Collections.unmodifiableMap(new LinkedHashMap<>(promptSets));
  }

  /** Returns the title, with a remark for the small version. */
  public String heading() {
    return heading("");
  }

  /** Returns the title followed by the name of a part, with a remark for the small version. */
  public String heading(String part) {
    return title + part + (quick ? " (small version)" : "");
  }

  /** The rows in their order; where two runs have one label, it names the group too. */
  public List<Row> toldApart() {
    Map<String, Set<String>> ids = new HashMap<>();
    rows.forEach(r -> ids.computeIfAbsent(r.label(), l -> new HashSet<>()).add(r.id()));
    return rows.stream()
        .map(
            r ->
                ids.get(r.label()).size() == 1
                    ? r
                    : new Row(r.group(), r.label() + ", " + r.group(), r.series(), r.id()))
        .toList();
  }

  /** Writes it into a folder of results, whole or not at all. */
  public void write(Path folder) throws IOException {
    CanonicalJson.write(folder.resolve(NAME), this);
  }

  /** Reads that of a folder of results. */
  public static ExperimentFile read(Path folder) throws IOException {
    return Json.read(folder.resolve(NAME), ExperimentFile.class);
  }
}
