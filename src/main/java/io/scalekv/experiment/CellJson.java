package io.scalekv.experiment;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import io.scalekv.io.JsonSchema;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * Reads and writes result files. Both ways they are checked against {@value #SCHEMA}; equal results
 * are equal bytes.
 */
public final class CellJson {
  /** Schema, a resource next to this class. */
  public static final String SCHEMA = "cell-1.schema.json";

  private CellJson() {}

  /** Returns a cell as text. */
  public static String cellText(Cell cell) {
    return CanonicalJson.of(cell);
  }

  /** Returns the cell of such a text. */
  public static Cell cell(String text) {
    return Json.bindOptional(Json.parse(text, "cell"), Cell.class, "cell");
  }

  /** Built on first use. */
  private static final class Loaded {
    static final JsonSchema SCHEMA = JsonSchema.of(CellJson.class, CellJson.SCHEMA);
  }

  /** Writes a result, whole or not at all. */
  public static void write(CellResult result, Path file) throws IOException {
    AtomicFile.write(file, text(result).getBytes(StandardCharsets.UTF_8));
  }

  /** Returns the bytes of a result as text. */
  public static String text(CellResult result) {
    JsonNode tree = Json.MAPPER.valueToTree(result);
    Loaded.SCHEMA.check(tree, "cell " + result.id());
    return CanonicalJson.write(tree, Set.of("/images"));
  }

  /**
   * Reads a result.
   *
   * @throws IllegalArgumentException with one line naming file, JSON pointer, expected and got;
   *     also if its id is not that of its cell
   */
  public static CellResult read(Path file) throws IOException {
    return parse(Json.text(file), file.toString());
  }

  /** Reads a result from text; {@code name} stands for the file in messages. */
  public static CellResult parse(String text, String name) {
    return read(Json.parse(text, name), name);
  }

  /** Reads a result from a tree; {@code name} stands for the file in messages. */
  static CellResult read(JsonNode tree, String name) {
    Loaded.SCHEMA.check(tree, name);
    CellResult result = Json.bindOptional(tree, CellResult.class, name);
    String id = result.cell().id();
    if (!id.equals(result.id())) {
      throw Json.error(name, "/id", id + ", the hash of /cell", result.id());
    }
    return result;
  }
}
