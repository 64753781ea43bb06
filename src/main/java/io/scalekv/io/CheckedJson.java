package io.scalekv.io;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON files from outside: read with hard limits, checked against a schema, refused in one line of
 * the form {@code FILE: POINTER: expected …, got …}.
 */
public final class CheckedJson {
  private static final long MAX_BYTES = 64L << 20;
  private static final int MAX_DEPTH = 100;
  private static final int MAX_SHOWN = 60;

  /** Reads and writes records strictly: unknown, missing and repeated keys are errors. */
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
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private CheckedJson() {}

  /** The text of a file, at most 64 MiB of UTF-8. */
  public static String text(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          file + ": expected a file, got " + (Files.exists(file) ? "a folder" : "nothing there"));
    }
    if (Files.size(file) > MAX_BYTES) {
      throw new IllegalArgumentException(
          file + ": expected at most " + MAX_BYTES + " bytes, got " + Files.size(file));
    }
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(file + ": expected UTF-8 text, got other bytes", e);
    }
  }

  /** Parses one JSON value; {@code file} is for messages. */
  public static JsonNode parse(String text, String file) {
    JsonNode tree;
    try {
      tree = MAPPER.readTree(text);
    } catch (JacksonException e) {
      String where =
          e.getLocation() == null || e.getLocation().getLineNr() < 1
              ? ""
              : "line " + e.getLocation().getLineNr() + ": ";
      throw new IllegalArgumentException(
          file + ": " + where + "expected JSON, got " + oneLine(plain(e.getOriginalMessage())), e);
    }
    if (tree == null || tree.isMissingNode()) {
      throw new IllegalArgumentException(file + ": expected JSON, got an empty file");
    }
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

  /** Loads a schema (draft 2020-12) that lies beside a class. */
  public static Schema schema(Class<?> beside, String resource) {
    try (InputStream in = beside.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("schema " + resource + ": expected on the class path");
      }
      return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
          .getSchema(in, InputFormat.JSON);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Checks a value against a schema and reports the first thing that is wrong. */
  public static void validate(Schema schema, JsonNode tree, String file) {
    List<Error> errors = schema.validate(tree);
    if (errors.isEmpty()) {
      return;
    }
    Error first = errors.get(0);
    StringBuilder pointer = new StringBuilder();
    for (int i = 0; i < first.getInstanceLocation().getNameCount(); i++) {
      pointer.append(child("", String.valueOf(first.getInstanceLocation().getElement(i))));
    }
    JsonNode got = first.getInstanceNode();
    String rule = first.getSchemaNode() == null ? "" : oneLine(first.getSchemaNode().toString());
    switch (first.getKeyword()) {
      case "required" -> {
        pointer.append(child("", first.getProperty()));
        throw error(file, pointer.toString(), "a value", "nothing");
      }
      case "additionalProperties" -> {
        pointer.append(child("", first.getProperty()));
        throw error(file, pointer.toString(), "no such key", "one");
      }
      case "type" -> throw error(file, pointer.toString(), "type " + rule, show(got));
      case "enum" -> throw error(file, pointer.toString(), "one of " + rule, show(got));
      case "const" -> throw error(file, pointer.toString(), rule, show(got));
      case "minimum" -> throw error(file, pointer.toString(), "at least " + rule, show(got));
      case "exclusiveMinimum" -> throw error(file, pointer.toString(), "above " + rule, show(got));
      case "maximum" -> throw error(file, pointer.toString(), "at most " + rule, show(got));
      case "minItems" ->
          throw error(file, pointer.toString(), "at least " + rule + " elements", "" + got.size());
      case "maxItems" ->
          throw error(file, pointer.toString(), "at most " + rule + " elements", "" + got.size());
      case "minLength" ->
          throw error(file, pointer.toString(), "at least " + rule + " characters", show(got));
      case "pattern" -> throw error(file, pointer.toString(), "text like " + rule, show(got));
      default -> throw error(file, pointer.toString(), oneLine(first.getMessage()), show(got));
    }
  }

  /** Turns a checked tree into a record; its constructor's complaints get the file's name. */
  public static <T> T bind(JsonNode tree, Class<T> type, String file) {
    return bind(MAPPER, tree, type, file);
  }

  /** The same by another mapper. */
  public static <T> T bind(JsonMapper mapper, JsonNode tree, Class<T> type, String file) {
    try {
      return mapper.treeToValue(tree, type);
    } catch (JacksonException e) {
      StringBuilder pointer = new StringBuilder();
      for (JacksonException.Reference step : e.getPath()) {
        pointer.append(
            child(
                "",
                step.getPropertyName() != null
                    ? step.getPropertyName()
                    : String.valueOf(step.getIndex())));
      }
      boolean ours = e.getCause() instanceof IllegalArgumentException;
      String message = oneLine(ours ? e.getCause().getMessage() : e.getOriginalMessage());
      String separator = pointer.length() == 0 || message.startsWith("/") ? "" : ": ";
      throw new IllegalArgumentException(file + ": " + pointer + separator + message, e);
    }
  }

  /** The pointer to a key below another pointer, escaped as in RFC 6901. */
  public static String child(String pointer, String key) {
    return pointer + "/" + key.replace("~", "~0").replace("/", "~1");
  }

  /** One line: file, JSON pointer, expected, got. */
  public static IllegalArgumentException error(
      String file, String pointer, String expected, String got) {
    return new IllegalArgumentException(
        file
            + ": "
            + (pointer.isEmpty() ? "(root)" : oneLine(pointer))
            + ": expected "
            + expected
            + ", got "
            + got);
  }

  /** A short form of a value for a message. */
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

  /** A parser's message without its advice to programmers. */
  private static String plain(String message) {
    return String.valueOf(message).replaceAll(",? from `[^`]*`", "");
  }

  /** The text on one line, shortened. */
  public static String oneLine(String text) {
    String line = String.valueOf(text).replaceAll("[\\p{Cntrl}\\s]+", " ").strip();
    return line.length() <= 2 * MAX_SHOWN ? line : line.substring(0, 2 * MAX_SHOWN) + "…";
  }
}
