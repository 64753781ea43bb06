package io.scalekv.experiment;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import io.scalekv.io.JsonSchema;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;

/**
 * Result files in JSON. Reading and writing check them against {@value #SCHEMA}; equal results are
 * equal bytes.
 */
public final class RunJson {
  /** Schema, a resource next to this class. */
  public static final String SCHEMA = "run-1.schema.json";

  private static final JsonSchema CHECKS = JsonSchema.of(RunJson.class, SCHEMA);

  private RunJson() {}

  /** Returns the run of its JSON text. */
  public static Run run(String text) {
    return Json.bindOptional(Json.parse(text, "run"), Run.class, "run");
  }

  /** Writes a result, whole or not at all. */
  public static void write(RunResult result, Path file) throws IOException {
    AtomicFile.write(file, text(result).getBytes(StandardCharsets.UTF_8));
  }

  /** Returns the bytes of a result as text. */
  public static String text(RunResult result) {
    JsonNode tree = Json.MAPPER.valueToTree(result);
    CHECKS.check(tree, "run " + result.id());
    return CanonicalJson.write(tree);
  }

  /**
   * Reads a result.
   *
   * @throws IllegalArgumentException with one line naming file, JSON pointer, expected and got;
   *     also if its id is not that of its run
   */
  public static RunResult read(Path file) throws IOException {
    return parse(Json.text(file), file.toString());
  }

  /** Reads a result from text; {@code name} stands for the file in messages. */
  public static RunResult parse(String text, String name) {
    return read(Json.parse(text, name), name);
  }

  /** Reads a result from a tree; {@code name} stands for the file in messages. */
  static RunResult read(JsonNode tree, String name) {
    CHECKS.check(tree, name);
    RunResult result = Json.bindOptional(tree, RunResult.class, name);
    String id = result.run().id();
    if (!id.equals(result.id())) {
      throw Json.error(name, "/id", id + ", the hash of /run", result.id());
    }
    return result;
  }
}
