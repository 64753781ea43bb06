package io.scalekv.io;

import java.math.BigInteger;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.schema.CoreSchema;
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
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.ser.std.ToStringSerializer;

/**
 * JSON and YAML text, read with hard limits and bound to records. Errors are one line with the file
 * and the JSON pointer: {@code FILE: POINTER must be CONDITION, got VALUE}.
 */
public final class Json {
  private static final int MAX_DEPTH = 100;
  private static final int MAX_SHOWN = 120;

  /** Strict mapper of records and trees: unknown, missing and repeated keys are errors. */
  public static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxDocumentLength(TextFile.LARGEST)
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

  /** YAML 1.2 with merge keys; repeated keys are errors. */
  private static final LoadSettings YAML =
      LoadSettings.builder().setSchema(new CoreSchema()).build();

  /** Most values of a YAML document after its aliases are resolved. */
  private static final int MAX_VALUES = 1_000_000;

  /** Parser of one document. */
  private interface Parser {
    JsonNode parse();
  }

  private Json() {}

  /** Returns the text of a file, see {@link TextFile#read}. */
  public static String text(Path file) {
    return TextFile.read(file);
  }

  /** Parses one JSON value; {@code file} is for messages. */
  public static JsonNode parse(String text, String file) {
    try {
      return parse(() -> MAPPER.readTree(TextFile.withoutMark(text)), file);
    } catch (IllegalArgumentException e) {
      FileKind kind = FileKind.of(text).orElseThrow(() -> e);
      throw new IllegalArgumentException(file + " must be JSON, got " + kind.label(), e);
    }
  }

  /** Parses one JSON value in UTF-8; {@code file} is for messages. */
  public static JsonNode parse(byte[] text, String file) {
    Optional<FileKind> kind = FileKind.of(text);
    Require.that(
        kind.isEmpty(), "%s must be JSON, got %s", file, kind.map(FileKind::label).orElse(""));
    return parse(() -> MAPPER.readTree(text), file);
  }

  /**
   * Parses one YAML 1.2 document whose root is a mapping; aliases and merge keys are resolved, a
   * key whose value is null is absent. {@code file} is for messages.
   */
  public static JsonNode parseYaml(String text, String file) {
    JsonNode tree;
    try {
      checkDepth(text);
      tree = tree(new Load(YAML).loadFromString(text), 0, new int[1]);
    } catch (YamlEngineException e) {
      Mark mark =
          e instanceof MarkedYamlEngineException marked
              ? marked.getProblemMark().orElse(null)
              : null;
      String reason =
          e instanceof MarkedYamlEngineException marked ? marked.getProblem() : e.getMessage();
      throw invalid(file, "YAML", mark == null ? 0 : mark.getLine() + 1, reason, e);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
    Require.that(!tree.isNull(), "%s: the file is empty", file);
    if (!tree.isObject()) {
      throw error(file, "", "keys and values", show(tree));
    }
    finite(tree, "", file);
    return tree;
  }

  /** Checks the depth before a tree is built, which is recursive. */
  private static void checkDepth(String yaml) {
    int depth = 0;
    for (Event event : new Parse(YAML).parseString(yaml)) {
      if (event instanceof CollectionStartEvent) {
        Require.that(++depth <= MAX_DEPTH, "depth must be at most %d", MAX_DEPTH);
      } else if (event instanceof CollectionEndEvent) {
        depth--;
      }
    }
  }

  private static JsonNode tree(Object value, int depth, int[] values) {
    Require.that(depth <= MAX_DEPTH, "depth must be at most %d", MAX_DEPTH);
    Require.that(++values[0] <= MAX_VALUES, "values must be at most %d", MAX_VALUES);
    if (value instanceof Map<?, ?> map) {
      ObjectNode object = MAPPER.createObjectNode();
      map.forEach(
          (key, v) -> {
            if (v != null) {
              object.set(String.valueOf(key), tree(v, depth + 1, values));
            }
          });
      return object;
    } else if (value instanceof List<?> list) {
      ArrayNode array = MAPPER.createArrayNode();
      list.forEach(v -> array.add(tree(v, depth + 1, values)));
      return array;
    }
    boolean plain =
        value == null
            || value instanceof String
            || value instanceof Boolean
            || value instanceof Integer
            || value instanceof Long
            || value instanceof BigInteger
            || value instanceof Double;
    Require.that(plain, "values must be plain, got %s", value);
    return MAPPER.valueToTree(value);
  }

  private static JsonNode parse(Parser parser, String file) {
    JsonNode tree;
    try {
      tree = parser.parse();
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      throw invalid(file, "JSON", line, plain(e.getOriginalMessage()), e);
    }
    Require.that(tree != null && !tree.isMissingNode(), "%s: the file is empty", file);
    finite(tree, "", file);
    return tree;
  }

  private static IllegalArgumentException invalid(
      String file, String format, int line, String reason, Exception cause) {
    String where = line > 0 ? "line " + line + ": " : "";
    return new IllegalArgumentException(
        file + ": " + where + "not valid " + format + ": " + oneLine(reason), cause);
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
  public static <T> T read(Path file, Class<T> type) {
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

  /** Returns the text on one line, shortened, with unseen characters as escapes. */
  public static String oneLine(String text) {
    String line = TextFile.visible(String.valueOf(text).replaceAll("\\s+", " ").strip());
    return line.length() <= MAX_SHOWN ? line : line.substring(0, MAX_SHOWN) + "…";
  }
}
