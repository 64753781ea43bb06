package io.scalekv.io;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.std.ToStringSerializer;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * JSON and YAML text, read with hard limits and bound to records. Errors are one line with the file
 * and the JSON pointer: {@code FILE: POINTER must be CONDITION, got VALUE}.
 */
public final class Json {
  private static final long MAX_BYTES = 64L << 20;
  private static final int MAX_DEPTH = 100;
  private static final int MAX_SHOWN = 120;

  /** Strict mapper of records and trees: unknown, missing and repeated keys are errors. */
  public static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxDocumentLength(MAX_BYTES)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .addModule(new SimpleModule().addSerializer(Path.class, ToStringSerializer.instance))
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final JsonMapper OPTIONAL =
      MAPPER
          .rebuild()
          .disable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
          .build();

  private static final JsonMapper PRETTY =
      MAPPER.rebuild().enable(SerializationFeature.INDENT_OUTPUT).build();

  private static final YAMLMapper YAML =
      YAMLMapper.builder(
              YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .build();

  /** Parser of one document. */
  private interface Parser {
    JsonNode parse();
  }

  private Json() {}

  /** Returns the text of a file, at most 64 MiB of UTF-8. */
  public static String text(Path file) throws IOException {
    Require.that(!Files.isDirectory(file), "%s: must be a file, got a folder", file);
    Require.that(Files.isRegularFile(file), "%s: no such file", file);
    long size = Files.size(file);
    Require.that(size <= MAX_BYTES, "%s: must be at most %d bytes, got %d", file, MAX_BYTES, size);
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(file + ": must be UTF-8 text", e);
    }
  }

  /** Parses one JSON value; {@code file} is for messages. */
  public static JsonNode parse(String text, String file) {
    return parse(() -> MAPPER.readTree(text), "JSON", file);
  }

  /** Parses one JSON value in UTF-8; {@code file} is for messages. */
  public static JsonNode parse(byte[] text, String file) {
    return parse(() -> MAPPER.readTree(text), "JSON", file);
  }

  /** Parses one YAML document whose root is a mapping; {@code file} is for messages. */
  public static JsonNode parseYaml(String text, String file) {
    JsonNode tree = parse(() -> YAML.readTree(text), "YAML", file);
    if (!tree.isObject()) {
      throw error(file, "", "keys and values", show(tree));
    }
    return tree;
  }

  private static JsonNode parse(Parser parser, String format, String file) {
    JsonNode tree;
    try {
      tree = parser.parse();
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      String where = line > 0 ? "line " + line + ": " : "";
      String reason = oneLine(plain(e.getOriginalMessage()));
      throw new IllegalArgumentException(
          file + ": " + where + "not valid " + format + ": " + reason, e);
    }
    Require.that(tree != null && !tree.isMissingNode(), "%s: the file is empty", file);
    finite(tree, "", file);
    return tree;
  }

  private static void finite(JsonNode node, String pointer, String file) {
    if (node.isFloatingPointNumber() && !Double.isFinite(node.doubleValue())) {
      throw error(file, pointer, "a number within the range of a double", node.toString());
    }
    if (node.isObject()) {
      node.properties().forEach(e -> finite(e.getValue(), child(pointer, e.getKey()), file));
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        finite(node.get(i), pointer + "/" + i, file);
      }
    }
  }

  /** Reads a file into a record that has all keys and no others. */
  public static <T> T read(Path file, Class<T> type) throws IOException {
    return bind(parse(text(file), file.toString()), type, file.toString());
  }

  /** Converts a tree into a record; errors of its constructor get the file's name and the place. */
  public static <T> T bind(JsonNode tree, Class<T> type, String file) {
    return bind(MAPPER, tree, type, file);
  }

  /**
   * Converts a tree into a record: a missing key is null, 0 or false, a single value is a list of
   * one. For trees that were checked against a schema.
   */
  public static <T> T bindOptional(JsonNode tree, Class<T> type, String file) {
    return bind(OPTIONAL, tree, type, file);
  }

  private static <T> T bind(JsonMapper mapper, JsonNode tree, Class<T> type, String file) {
    try {
      return mapper.treeToValue(tree, type);
    } catch (JacksonException e) {
      StringBuilder pointer = new StringBuilder();
      for (JacksonException.Reference step : e.getPath()) {
        String name = step.getPropertyName();
        pointer.append(child("", name != null ? name : String.valueOf(step.getIndex())));
      }
      boolean ours = e.getCause() instanceof IllegalArgumentException;
      String message = oneLine(ours ? e.getCause().getMessage() : e.getOriginalMessage());
      String separator = pointer.length() == 0 || message.startsWith("/") ? "" : ": ";
      throw new IllegalArgumentException(file + ": " + pointer + separator + message, e);
    }
  }

  /** Returns the indented text of a record, a map or a list, keys in the order of declaration. */
  public static String pretty(Object value) {
    return PRETTY.writeValueAsString(value);
  }

  /** Returns the pointer to a key below another pointer, escaped as in RFC 6901. */
  public static String child(String pointer, String key) {
    return pointer + "/" + key.replace("~", "~0").replace("/", "~1");
  }

  /** Returns the error {@code FILE: POINTER must be CONDITION, got VALUE}. */
  public static IllegalArgumentException error(
      String file, String pointer, String condition, String got) {
    String place = pointer.isEmpty() ? "the document" : oneLine(pointer);
    return new IllegalArgumentException(
        file + ": " + place + " must be " + condition + ", got " + got);
  }

  /** Returns a short form of a value for a message. */
  public static String show(JsonNode node) {
    if (node == null || node.isMissingNode()) {
      return "nothing";
    }
    if (node.isObject()) {
      return "an object of " + node.size() + " keys";
    }
    if (node.isArray()) {
      return "an array of " + node.size() + " elements";
    }
    return oneLine(node.toString());
  }

  /** Removes a parser's advice to programmers from its message. */
  private static String plain(String message) {
    return String.valueOf(message).replaceAll(",? from `[^`]*`", "");
  }

  /** Returns the text on one line, shortened. */
  public static String oneLine(String text) {
    String line = String.valueOf(text).replaceAll("[\\p{Cntrl}\\s]+", " ").strip();
    return line.length() <= MAX_SHOWN ? line : line.substring(0, MAX_SHOWN) + "…";
  }
}
