package io.scalekv.io;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/**
 * Completes a tree by the rules of its JSON schema before it is checked: one value where a list is
 * allowed becomes a list of one, a whole number where a text is allowed becomes a text, and what is
 * missing gets its {@code default}.
 */
final class SchemaTree {
  private SchemaTree() {}

  /**
   * Completes a tree in place.
   *
   * @param schema the whole schema; only {@code properties}, {@code items} and {@code $ref} to its
   *     {@code $defs} are followed
   */
  static void complete(JsonNode schema, ObjectNode tree) {
    complete(schema, schema, tree);
  }

  private static void complete(JsonNode schema, JsonNode rules, JsonNode value) {
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
                  JsonNode below = resolved(schema, e.getValue());
                  object.set(e.getKey(), formed(below, object.get(e.getKey())));
                  complete(schema, below, object.get(e.getKey()));
                }
              });
    } else if (value instanceof ArrayNode array && rules.has("items")) {
      JsonNode below = resolved(schema, rules.get("items"));
      for (int i = 0; i < array.size(); i++) {
        array.set(i, formed(below, array.get(i)));
        complete(schema, below, array.get(i));
      }
    }
  }

  private static JsonNode resolved(JsonNode schema, JsonNode rules) {
    return rules.has("$ref") ? schema.at(rules.get("$ref").stringValue().substring(1)) : rules;
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
}
