package io.scalekv.roles;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import io.scalekv.io.JsonSchema;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads and writes {@code roles.json}. Both ways it is checked against the schema of its version,
 * {@value #SCHEMA} or {@value #FIRST_SCHEMA}; equal documents are equal bytes.
 */
public final class RolesJson {
  /** The schema, a resource beside this class. */
  public static final String SCHEMA = "roles-2.schema.json";

  /** The schema of files without classification and confidence. */
  public static final String FIRST_SCHEMA = "roles-1.schema.json";

  private RolesJson() {}

  /** Built on first use. */
  private static final class Loaded {
    static final JsonSchema SCHEMA = JsonSchema.of(RolesJson.class, RolesJson.SCHEMA);
    static final JsonSchema FIRST = JsonSchema.of(RolesJson.class, RolesJson.FIRST_SCHEMA);
  }

  /**
   * Writes a document, whole or not at all.
   *
   * @throws IllegalArgumentException if it breaks the schema
   */
  public static void write(RolesDocument document, Path file) throws IOException {
    String text = text(document, file.toString());
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /** The bytes of a document as text. */
  public static String text(RolesDocument document) {
    return text(document, "roles");
  }

  private static String text(RolesDocument document, String name) {
    ObjectNode tree = Json.MAPPER.valueToTree(document);
    boolean first = document.schemaVersion() == RolesDocument.FIRST_SCHEMA_VERSION;
    if (first) {
      tree.remove("classification");
      tree.get("pairs").forEach(pair -> ((ObjectNode) pair).remove("confidence"));
    }
    (first ? Loaded.FIRST : Loaded.SCHEMA).check(tree, name);
    return CanonicalJson.write(tree);
  }

  /**
   * Reads a document.
   *
   * @throws IllegalArgumentException with one line naming file, JSON pointer, expected and got
   */
  public static RolesDocument read(Path file) throws IOException {
    return parse(Json.text(file), file.toString());
  }

  /** Reads a document from text; {@code name} stands for the file in messages. */
  public static RolesDocument parse(String text, String name) {
    JsonNode tree = Json.parse(text, name);
    JsonNode version = tree.path("schemaVersion");
    boolean first = version.isInt() && version.intValue() == RolesDocument.FIRST_SCHEMA_VERSION;
    (first ? Loaded.FIRST : Loaded.SCHEMA).check(tree, name);
    if (first) {
      ((ObjectNode) tree).putNull("classification");
      tree.get("pairs").forEach(pair -> ((ObjectNode) pair).putNull("confidence"));
    }
    if (!tree.has("calibrations")) {
      ((ObjectNode) tree).putObject("calibrations");
    }
    return Json.bind(tree, RolesDocument.class, name);
  }
}
