package io.scalekv.scene;

import io.scalekv.io.FileKind;
import io.scalekv.io.Json;
import io.scalekv.io.JsonPlace;
import io.scalekv.io.Require;
import io.scalekv.io.TextFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MappingIterator;
import tools.jackson.dataformat.csv.CsvMapper;
import tools.jackson.dataformat.csv.CsvReadFeature;
import tools.jackson.dataformat.csv.CsvSchema;

/**
 * Prompt file in a form that data sets come in, by the end of its name:
 *
 * <ul>
 *   <li>{@code .jsonl}: an object a line (GenEval, HeatKV);
 *   <li>{@code .json}: a list of texts or objects, objects by id (MJHQ), or {@code annotations}
 *       (COCO);
 *   <li>{@code .csv}, {@code .tsv}: a table with a header (DPG, PartiPrompts);
 *   <li>a folder: one prompt in each {@code .txt} file, whose name is the id (DPG);
 *   <li>any other: a prompt a line, without blank lines and lines that start with {@code #}.
 * </ul>
 *
 * <p>The prompt is in the first column or key of {@code prompt, caption, text, captions} (of a list
 * the first), the id in the first of {@code id, prompt_id, item_id, image_id, index, key}. Of
 * prompts with the same id the first is taken.
 */
public final class PromptFile {
  private static final List<String> TEXTS =
      List.of("prompt", "caption", "text", "captions", "captions[0]", "prompts");
  private static final List<String> IDS =
      List.of("id", "prompt_id", "item_id", "image_id", "index", "key");
  private static final List<String> LISTS = List.of("annotations", "prompts", "captions", "data");

  /**
   * Prompt of a file.
   *
   * @param id as the file states it; null without one
   */
  public record Entry(String id, String text) {}

  private PromptFile() {}

  /** Returns the texts of {@link #entries}. */
  public static List<String> read(Path file) {
    return entries(file).stream().map(Entry::text).toList();
  }

  /**
   * Reads the prompts of a file in its order, without surrounding spaces.
   *
   * @return at least one prompt
   * @throws IllegalArgumentException if the file is missing or has no prompt, or a part of it
   *     cannot be read; the message names file and place
   */
  public static List<Entry> entries(Path file) {
    List<Entry> all = Files.isDirectory(file) ? folder(file) : of(file, TextFile.read(file));
    Map<String, Entry> byId = new LinkedHashMap<>();
    int number = 0;
    for (Entry e : all) {
      number++;
      if (!e.text().isEmpty()) {
        byId.putIfAbsent(e.id() == null ? "\n" + number : e.id(), e);
      }
    }
    Require.that(!byId.isEmpty(), "missing prompts in %s", file);
    return List.copyOf(byId.values());
  }

  private static List<Entry> of(Path file, String text) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
      return jsonLines(file, text);
    } else if (name.endsWith(".json")) {
      return json(file, text);
    } else if (name.endsWith(".csv")) {
      return table(file, text, text.lines().findFirst().orElse("").contains(",") ? ',' : ';');
    } else if (name.endsWith(".tsv")) {
      return table(file, text, '\t');
    }
    refuse(FileKind.of(text), file);
    if (text.startsWith("{")) {
      return json(file, text);
    }
    return TextFile.lines(text).stream()
        .map(String::strip)
        .filter(line -> !line.startsWith("#"))
        .map(line -> new Entry(null, line))
        .toList();
  }

  private static List<Entry> folder(Path folder) {
    List<Entry> entries = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".txt") && !name.startsWith(".")) {
          String text = String.join(" ", TextFile.lines(TextFile.read(file).strip()));
          entries.add(new Entry(name.substring(0, name.length() - 4), text));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": " + e.getMessage(), e);
    }
    return entries;
  }

  private static List<Entry> jsonLines(Path file, String text) {
    List<Entry> entries = new ArrayList<>();
    List<String> lines = TextFile.lines(text);
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        String place = file + ", line " + (i + 1);
        entries.add(entry(JsonPlace.of(Json.parse(lines.get(i), place), place), null));
      }
    }
    return entries;
  }

  private static List<Entry> json(Path file, String text) {
    JsonPlace all = JsonPlace.of(Json.parse(text, file.toString()), file.toString());
    refuse(FileKind.of(all.node()), file);
    if (all.node().isArray()) {
      return all.elements().stream().map(e -> entry(e, null)).toList();
    }
    for (String key : LISTS) {
      Optional<JsonPlace> list = all.find(key).filter(l -> l.node().isArray());
      if (list.isPresent()) {
        boolean coco = key.equals("annotations");
        return list.get().elements().stream()
            .map(e -> coco ? annotation(e) : entry(e, null))
            .toList();
      }
    }
    return all.keys().stream().map(id -> entry(all.at(id), id)).toList();
  }

  private static void refuse(Optional<FileKind> other, Path file) {
    Require.that(
        other.isEmpty(),
        "%s must hold prompts, got %s",
        file,
        other.map(FileKind::label).orElse(""));
  }

  /** Returns a caption of COCO; the id is that of its image, which has several. */
  private static Entry annotation(JsonPlace place) {
    Entry entry = entry(place, null);
    return place.find("image_id").map(id -> new Entry(plain(id), entry.text())).orElse(entry);
  }

  private static Entry entry(JsonPlace place, String key) {
    JsonNode node = place.node();
    if (!node.isObject()) {
      return new Entry(key, text(place));
    }
    for (String name : TEXTS) {
      Optional<JsonPlace> found = place.find(name);
      if (found.isPresent()) {
        String id =
            IDS.stream()
                .flatMap(i -> place.find(i).stream())
                .map(PromptFile::plain)
                .findFirst()
                .orElse(key);
        return new Entry(key == null ? id : key, text(found.get()));
      }
    }
    place.check(false, "an object with " + String.join(", ", TEXTS.subList(0, 4)));
    throw new IllegalStateException();
  }

  private static String plain(JsonPlace id) {
    id.check(id.node().isValueNode(), "a text or number");
    return id.node().asString();
  }

  private static String text(JsonPlace place) {
    if (place.node().isArray()) {
      place.check(!place.node().isEmpty(), "a list of texts");
      return text(place.elements().get(0));
    }
    place.check(place.node().isString(), "a text");
    return place.node().stringValue().strip();
  }

  private static List<Entry> table(Path file, String text, char separator) {
    List<Entry> entries = new ArrayList<>();
    CsvSchema schema = CsvSchema.emptySchema().withColumnSeparator(separator);
    try (MappingIterator<String[]> rows =
        CsvMapper.builder()
            .enable(CsvReadFeature.WRAP_AS_ARRAY)
            .enable(CsvReadFeature.SKIP_EMPTY_LINES)
            .build()
            .readerFor(String[].class)
            .with(schema)
            .readValues(text)) {
      String[] header = rows.hasNext() ? rows.next() : new String[0];
      int prompt = column(header, TEXTS);
      Require.that(
          prompt >= 0,
          "%s, line 1 must have a column %s, got %s",
          file,
          String.join(", ", TEXTS.subList(0, 4)),
          Json.oneLine(String.join(", ", header)));
      int id = column(header, IDS);
      int number = 0;
      while (rows.hasNext()) {
        String[] row = rows.next();
        number++;
        Require.that(
            row.length == header.length,
            "%s, row %d must have %d cells, got %d",
            file,
            number,
            header.length,
            row.length);
        String cell = row[prompt].strip();
        boolean list = cell.startsWith("[\"");
        String place = file + ", row " + number;
        String own = list ? text(JsonPlace.of(Json.parse(cell, place), place)) : cell;
        entries.add(new Entry(id < 0 ? null : row[id].strip(), own));
      }
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          "%s, line %d: not a table: %s"
              .formatted(file, e.getLocation().getLineNr(), Json.oneLine(e.getOriginalMessage())),
          e);
    }
    return entries;
  }

  private static int column(String[] header, List<String> names) {
    for (String name : names) {
      for (int c = 0; c < header.length; c++) {
        if (header[c].strip().equalsIgnoreCase(name)) {
          return c;
        }
      }
    }
    return -1;
  }
}
