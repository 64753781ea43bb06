package io.scalekv.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonSchemaTest {
  /** A rule of a schema, a value that keeps it, one that breaks it, the place, the value echoed. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"required": ["a/b"]} | {"a/b": 1} | {} | missing /x/a~1b | /x/a~1b
          {"additionalProperties": false, "properties": {"b": {}}} | {"b": 1} | {"a~": 1} | /x/a~0: | known are b
          {"type": "string"} | "a" | 3 | /x | got 3
          {"enum": ["a", "b"]} | "b" | "c" | /x | got "c"
          {"const": 2} | 2 | 3 | /x | got 3
          {"minimum": 2} | 2 | 1 | /x | got 1
          {"maximum": 2} | 2 | 3 | /x | got 3
          {"exclusiveMinimum": 2} | 3 | 2 | /x | got 2
          {"minItems": 2} | [1, 2] | [1] | /x | got 1
          {"maxItems": 2} | [1, 2] | [1, 2, 3] | /x | got 3
          {"minLength": 2} | "ab" | "a" | /x | got "a"
          {"pattern": "^a+$"} | "aa" | "ab" | /x | got "ab"
          {"maxLength": 2} | "ab" | "abc" | /x | 2
          {"items": {"type": "object"}} | [{}] | [{}, []] | /x/1 | got an array of 0 elements
          """)
  void brokenRule(String rule, String good, String bad, String place, String value) {
    JsonSchema schema =
        JsonSchema.of(Json.parse("{\"properties\": {\"x\": " + rule + "}}", "schema"));
    schema.check(Json.parse("{\"x\": " + good + "}", "f.json"), "f.json");
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> schema.check(Json.parse("{\"x\": " + bad + "}", "f.json"), "f.json"))
            .getMessage();
    assertTrue(message.startsWith("f.json: " + place), message);
    assertTrue(message.endsWith(value) || message.contains(value), message);
    assertEquals(1, message.lines().count());
  }

  /** An unknown key comes first, with the nearest known key, also behind a reference. */
  @Test
  void unknownKey() {
    JsonSchema schema =
        JsonSchema.of(
            Json.parse(
                """
                {"required": ["a"],
                 "properties": {"list": {"items": {"$ref": "#/$defs/point"}}},
                 "$defs": {"point": {
                   "additionalProperties": false,
                   "properties": {"left": {}, "width": {}}}}}
                """,
                "schema"));
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> schema.check(Json.parse("{\"list\": [{}, {\"widht\": 1}]}", "f"), "f"))
            .getMessage();
    assertTrue(message.startsWith("f: /list/1/widht"), message);
    assertTrue(message.contains("width?"), message);
  }

  @Test
  void missingResource() {
    assertTrue(
        assertThrows(
                IllegalStateException.class, () -> JsonSchema.of(JsonSchema.class, "none.json"))
            .getMessage()
            .contains("none.json"));
  }
}
