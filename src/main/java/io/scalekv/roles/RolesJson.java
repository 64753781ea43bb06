package io.scalekv.roles;

import com.networknt.schema.Schema;
import io.scalekv.files.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads and writes {@code roles.json}. Both ways it is checked against {@value #SCHEMA}; equal
 * documents are equal bytes.
 */
public final class RolesJson {
  /** The schema, a resource beside this class. */
  public static final String SCHEMA = "roles-1.schema.json";

  private RolesJson() {}

  /** Built on first use. */
  private static final class Loaded {
    static final Schema SCHEMA = CheckedJson.schema(RolesJson.class, RolesJson.SCHEMA);
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
    JsonNode tree = CheckedJson.MAPPER.valueToTree(document);
    CheckedJson.validate(Loaded.SCHEMA, tree, name);
    return CanonicalJson.write(tree);
  }

  /**
   * Reads a document.
   *
   * @throws IllegalArgumentException with one line naming file, JSON pointer, expected and got
   */
  public static RolesDocument read(Path file) throws IOException {
    return parse(CheckedJson.text(file), file.toString());
  }

  /** Reads a document from text; {@code name} stands for the file in messages. */
  public static RolesDocument parse(String text, String name) {
    JsonNode tree = CheckedJson.parse(text, name);
    CheckedJson.validate(Loaded.SCHEMA, tree, name);
    if (!tree.has("calibrations")) {
      ((ObjectNode) tree).putObject("calibrations");
    }
    return CheckedJson.bind(tree, RolesDocument.class, name);
  }
}
