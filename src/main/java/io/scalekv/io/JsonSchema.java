package io.scalekv.io;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.NodePath;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/** JSON schema (draft 2020-12) whose errors are one line: file, JSON pointer, condition, value. */
public final class JsonSchema {
  private final JsonNode tree;
  private final Schema schema;

  private JsonSchema(JsonNode tree) {
    this.tree = tree;
    this.schema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12).getSchema(tree);
  }

  /** Loads the schema in a resource next to a class. */
  public static JsonSchema of(Class<?> type, String resource) {
    String text =
        TextFile.resource(type, resource)
            .orElseThrow(() -> new IllegalStateException("missing resource " + resource));
    return of(Json.parse(text, resource));
  }

  /** Returns the schema that a tree states. */
  static JsonSchema of(JsonNode tree) {
    return new JsonSchema(tree);
  }

  /**
   * Completes a tree in place before it is checked: one value where a list is allowed becomes a
   * list of one, a whole number where a text is allowed becomes a text, and what is missing gets
   * its {@code default}. Only {@code properties}, {@code items} and {@code $ref} to {@code $defs}
   * are followed.
   */
  public void complete(ObjectNode value) {
    complete(tree, value);
  }

  private void complete(JsonNode rules, JsonNode value) {
    if (value instanceof ObjectNode object) {
      rules
          .path("properties")
          .properties()
          .forEach(
              e -> {
                if (!object.has(e.getKey()) && e.getValue().has("default")) {
                  object.set(e.getKey(), e.getValue().get("default").deepCopy());
                }
                if (object.has(e.getKey())) {
                  JsonNode below = resolved(e.getValue());
                  object.set(e.getKey(), formed(below, object.get(e.getKey())));
                  complete(below, object.get(e.getKey()));
                }
              });
    } else if (value instanceof ArrayNode array && rules.has("items")) {
      JsonNode below = resolved(rules.get("items"));
      for (int i = 0; i < array.size(); i++) {
        array.set(i, formed(below, array.get(i)));
        complete(below, array.get(i));
      }
    }
  }

  private JsonNode resolved(JsonNode rules) {
    return rules.has("$ref") ? tree.at(rules.get("$ref").stringValue().substring(1)) : rules;
  }

  private static JsonNode formed(JsonNode rules, JsonNode value) {
    String type = rules.path("type").asString("");
    if (type.equals("array") && !value.isArray()) {
      return JsonNodeFactory.instance.arrayNode().add(value);
    }
    return type.equals("string") && value.isIntegralNumber()
        ? StringNode.valueOf(value.asString())
        : value;
  }

  /**
   * Checks a value.
   *
   * @param file for messages
   * @throws IllegalArgumentException with the first unknown key and the nearest known one, or the
   *     first other violation
   */
  public void check(JsonNode value, String file) {
    List<Error> errors = schema.validate(value);
    if (errors.isEmpty()) {
      return;
    }
    Error first =
        errors.stream()
            .filter(e -> e.getKeyword().equals("additionalProperties"))
            .findFirst()
            .orElse(errors.get(0));
    String place = pointer(first.getInstanceLocation(), 0);
    JsonNode got = first.getInstanceNode();
    String rule = first.getSchemaNode() == null ? "" : Json.oneLine(first.getSchemaNode() + "");
    switch (first.getKeyword()) {
      case "additionalProperties" -> throw unknownKey(first, place, file);
      case "required" ->
          throw new IllegalArgumentException(
              file + ": missing " + Json.oneLine(Json.child(place, first.getProperty())));
      case "type" -> throw Json.error(file, place, "of type " + rule, Json.show(got));
      case "enum" -> throw Json.error(file, place, "one of " + rule, Json.show(got));
      case "const" -> throw Json.error(file, place, rule, Json.show(got));
      case "minimum" -> throw Json.error(file, place, "at least " + rule, Json.show(got));
      case "exclusiveMinimum" -> throw Json.error(file, place, "above " + rule, Json.show(got));
      case "maximum" -> throw Json.error(file, place, "at most " + rule, Json.show(got));
      case "minItems" ->
          throw Json.error(file, place, "at least " + rule + " elements", "" + got.size());
      case "maxItems" ->
          throw Json.error(file, place, "at most " + rule + " elements", "" + got.size());
      case "minLength" ->
          throw Json.error(file, place, "at least " + rule + " characters", Json.show(got));
      case "pattern" -> throw Json.error(file, place, "text like " + rule, Json.show(got));
      default ->
          throw new IllegalArgumentException(
              file + ": " + Json.oneLine(place + ": " + first.getMessage()));
    }
  }

  private IllegalArgumentException unknownKey(Error error, String place, String file) {
    List<String> known =
        List.copyOf(
            tree.at(pointer(error.getSchemaLocation().getFragment(), 1))
                .path("properties")
                .propertyNames());
    String key = error.getProperty();
    String hint =
        NearWord.of(key, known)
            .map(k -> "did you mean " + k + "?")
            .orElse("known are " + String.join(", ", known));
    return new IllegalArgumentException(
        file + ": " + Json.oneLine(Json.child(place, key)) + ": no such key; " + hint);
  }

  /** Returns a path as a JSON pointer, without its last elements. */
  private static String pointer(NodePath path, int without) {
    StringBuilder pointer = new StringBuilder();
    for (int i = 0; i < path.getNameCount() - without; i++) {
      pointer.append(Json.child("", String.valueOf(path.getElement(i))));
    }
    return pointer.toString();
  }
}
