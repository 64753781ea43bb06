package io.scalekv.io;

import com.networknt.schema.Schema;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Experiments of other kinds than the caches': YAML checked against a schema of their own, results
 * as canonical JSON.
 */
public final class CheckedYaml {
  private static final YAMLMapper YAML =
      YAMLMapper.builder(
              YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .build();

  private static final JsonMapper BINDER =
      CheckedJson.MAPPER
          .rebuild()
          .disable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private CheckedYaml() {}

  /**
   * Reads a file.
   *
   * @param type record of its content; keys that are not required may be null there
   * @param schema resource beside the type, JSON schema draft 2020-12
   * @throws IllegalArgumentException with one line: file, place, what was expected; for an unknown
   *     key the nearest known one
   */
  public static <T> T read(Path file, Class<T> type, String schema) throws IOException {
    String name = file.toString();
    JsonNode tree;
    try {
      tree = YAML.readTree(CheckedJson.text(file));
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      throw new IllegalArgumentException(
          name
              + ": "
              + (line > 0 ? "line " + line + ": " : "")
              + "expected YAML, got "
              + e.getOriginalMessage().lines().findFirst().orElse("nothing"),
          e);
    }
    if (tree == null || !tree.isObject()) {
      throw CheckedJson.error(name, "", "keys and values", CheckedJson.show(tree));
    }
    Schema rules = CheckedJson.schema(type, schema);
    try (InputStream in = type.getResourceAsStream(schema)) {
      KnownKeys.check(CheckedJson.MAPPER.readTree(in), tree, name);
    }
    CheckedJson.validate(rules, tree, name);
    return CheckedJson.bind(BINDER, tree, type, name);
  }

  /** A record as canonical JSON: equal records have equal texts. */
  public static String json(Object value) {
    return CanonicalJson.write(CheckedJson.MAPPER.valueToTree(value));
  }

  /** Writes a record, whole or not at all. */
  public static void writeJson(Path file, Object value) throws IOException {
    AtomicFile.write(file, json(value).getBytes(StandardCharsets.UTF_8));
  }

  /** Reads what {@link #writeJson} wrote. */
  public static <T> T readJson(Path file, Class<T> type) throws IOException {
    String name = file.toString();
    return CheckedJson.bind(CheckedJson.parse(CheckedJson.text(file), name), type, name);
  }
}
