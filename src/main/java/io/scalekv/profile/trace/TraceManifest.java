package io.scalekv.profile.trace;

import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Json;
import io.scalekv.io.JsonPlace;
import io.scalekv.io.Require;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.weights.StoredType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code trace.json}: the content of a recording and its finished prompts, one key a line.
 *
 * @param recording the content
 * @param checkError worst relative difference between recorded attention, recomputed, and the
 *     output of the model; 0 where nothing was recomputed
 * @param torch version of PyTorch or libtorch
 * @param prompts finished prompts, by index
 */
public record TraceManifest(
    TraceRecording recording, double checkError, String torch, List<Prompt> prompts) {
  /** Name of the file. */
  public static final String FILE = "trace.json";

  private static final String FORMAT = "scalekv-trace";
  private static final int VERSION = 1;
  private static final int MOST = 1000;
  private static final int MOST_SCALES = 100;
  private static final Map<String, StoredType> TYPES =
      Map.of("float32", StoredType.F32, "float16", StoredType.F16, "bfloat16", StoredType.BF16);

  /**
   * Finished prompt.
   *
   * @param index in the prompt set, from 0
   * @param prompt text or class
   * @param seed of the generation
   * @param file name of its file in the folder
   */
  public record Prompt(int index, String prompt, long seed, String file) {}

  /** Sorts the prompts. */
  public TraceManifest {
    prompts = prompts.stream().sorted(Comparator.comparingInt(Prompt::index)).toList();
  }

  /** Returns this with another finished prompt. */
  TraceManifest with(Prompt prompt) {
    return new TraceManifest(
        recording, checkError, torch, Stream.concat(prompts.stream(), Stream.of(prompt)).toList());
  }

  /** Returns whether a prompt is finished. */
  boolean has(int index) {
    return prompts.stream().anyMatch(p -> p.index() == index);
  }

  /**
   * Reads the manifest of a folder.
   *
   * @throws IllegalArgumentException with one line naming the file, the place and the value
   */
  public static TraceManifest read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    JsonPlace tree = JsonPlace.of(Json.parse(Json.text(file), file.toString()), file.toString());
    tree.at("format").check(tree.at("format").text().equals(FORMAT), FORMAT);
    tree.at("version").whole(VERSION, VERSION);
    tree.only(
        "format",
        "version",
        "form",
        "model",
        "family",
        "layers",
        "heads",
        "headWidth",
        "softmaxScale",
        "schedule",
        "guidance",
        "branches",
        "queries",
        "values",
        "dtype",
        "samplingSeed",
        "checkError",
        "torch",
        "info",
        "prompts");
    TraceRecording recording = tree.with(() -> recording(tree));
    List<Prompt> prompts =
        tree.at("prompts").elements().stream().map(p -> prompt(p, recording.form())).toList();
    Set<Integer> seen = new HashSet<>();
    for (Prompt p : prompts) {
      Require.that(
          seen.add(p.index()), "%s: prompt %d must come once, got it twice", file, p.index());
    }
    return new TraceManifest(
        recording, tree.at("checkError").number(0, 1), tree.at("torch").text(), prompts);
  }

  private static TraceRecording recording(JsonPlace tree) {
    JsonPlace queries = tree.at("queries");
    boolean all = queries.node().isString() && queries.text().equals("all");
    JsonPlace values = tree.at("values");
    values.check(values.node().isBoolean(), "true or false");
    JsonPlace info = tree.at("info");
    info.check(info.node().isObject(), "an object");
    JsonPlace dtype = tree.at("dtype");
    dtype.check(
        TYPES.containsKey(dtype.text()), "one of " + TYPES.keySet().stream().sorted().toList());
    return new TraceRecording(
        tree.at("form").parse(t -> TraceRecording.ofKey(TraceRecording.Form.class, t)),
        tree.at("model").text(),
        tree.at("family").text(),
        new Geometry(
            tree.at("layers").integer(1, MOST),
            tree.at("heads").integer(1, MOST),
            tree.at("headWidth").integer(1, MOST)),
        tree.at("softmaxScale").number(Double.MIN_NORMAL, Float.MAX_VALUE),
        schedule(tree.at("schedule")),
        tree.at("guidance").parse(t -> TraceRecording.ofKey(TraceRecording.Guidance.class, t)),
        tree.at("branches").parse(t -> TraceRecording.ofKey(TraceRecording.Branches.class, t)),
        all ? ProfileOptions.ALL : queries.integer(1, ProfileOptions.ALL - 1),
        values.node().booleanValue(),
        TYPES.get(dtype.text()),
        tree.at("samplingSeed").whole(Long.MIN_VALUE, Long.MAX_VALUE),
        info.node());
  }

  private static ScaleSchedule schedule(JsonPlace list) {
    List<JsonPlace> maps = list.elements();
    list.check(!maps.isEmpty() && maps.size() <= MOST_SCALES, "1 to " + MOST_SCALES + " maps");
    return new ScaleSchedule(
        maps.stream()
            .map(m -> m.elements(2))
            .map(m -> new TokenMap(m.get(0).integer(1, MOST), m.get(1).integer(1, MOST)))
            .toList());
  }

  private static Prompt prompt(JsonPlace place, TraceRecording.Form form) {
    place.only("index", "prompt", "seed", "file");
    int index = place.at("index").integer(0, Integer.MAX_VALUE - 1);
    JsonPlace text = place.at("prompt");
    text.check(text.node().isString(), "a text");
    JsonPlace file = place.at("file");
    file.check(file.text().equals(form.file(index)), form.file(index));
    return new Prompt(
        index,
        text.node().stringValue(),
        place.at("seed").whole(Long.MIN_VALUE, Long.MAX_VALUE),
        file.text());
  }

  /** Writes the manifest into a folder, all or nothing. */
  void write(Path folder) throws IOException {
    AtomicFile.write(folder.resolve(FILE), text().getBytes(StandardCharsets.UTF_8));
  }

  private String text() {
    TraceRecording r = recording;
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("format", FORMAT);
    fields.put("version", VERSION);
    fields.putAll(fields(r));
    fields.put("checkError", checkError);
    fields.put("torch", torch);
    fields.put("info", fields.remove("info"));
    fields.put("prompts", prompts);
    return fields.entrySet().stream()
        .map(e -> " \"" + e.getKey() + "\": " + Json.MAPPER.writeValueAsString(e.getValue()))
        .collect(Collectors.joining(",\n", "{\n", "\n}\n"));
  }

  /** Returns the content by the names of its fields in the file. */
  static Map<String, Object> fields(TraceRecording r) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("form", TraceRecording.key(r.form()));
    fields.put("model", r.model());
    fields.put("family", r.family());
    fields.put("layers", r.geometry().layers());
    fields.put("heads", r.geometry().heads());
    fields.put("headWidth", r.geometry().headWidth());
    fields.put("softmaxScale", r.softmaxScale());
    fields.put(
        "schedule", r.schedule().maps().stream().map(m -> List.of(m.height(), m.width())).toList());
    fields.put("guidance", TraceRecording.key(r.guidance()));
    fields.put("branches", TraceRecording.key(r.branches()));
    fields.put("queries", r.queries() == ProfileOptions.ALL ? "all" : r.queries());
    fields.put("values", r.values());
    fields.put(
        "dtype",
        TYPES.entrySet().stream()
            .filter(e -> e.getValue() == r.type())
            .map(Map.Entry::getKey)
            .findFirst()
            .orElseThrow());
    fields.put("samplingSeed", r.samplingSeed());
    fields.put("info", r.info());
    return fields;
  }
}
