package io.scalekv.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.scalekv.roles.RolesJson;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class CheckedJsonTest {
  @TempDir private Path folder;

  private static String message(Runnable run) {
    return assertThrows(IllegalArgumentException.class, run::run).getMessage();
  }

  private static JsonNode tree(String text) {
    return CheckedJson.parse(text, "f.json");
  }

  /** Each rule of a schema, a value that keeps it, one that breaks it, and what is said. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"required": ["a/b"]} | {"a/b": 1} | {} | /x/a~1b: expected a value, got nothing
          {"additionalProperties": false, "properties": {"b": {}}} | {"b": 1} | {"a~": 1} | /x/a~0: expected no such key, got one
          {"type": "string"} | "a" | 3 | /x: expected type "string", got 3
          {"enum": ["a", "b"]} | "b" | "c" | /x: expected one of ["a","b"], got "c"
          {"const": 2} | 2 | 3 | /x: expected 2, got 3
          {"minimum": 2} | 2 | 1 | /x: expected at least 2, got 1
          {"maximum": 2} | 2 | 3 | /x: expected at most 2, got 3
          {"exclusiveMinimum": 2} | 3 | 2 | /x: expected above 2, got 2
          {"minItems": 2} | [1, 2] | [1] | /x: expected at least 2 elements, got 1
          {"maxItems": 2} | [1, 2] | [1, 2, 3] | /x: expected at most 2 elements, got 3
          {"minLength": 2} | "ab" | "a" | /x: expected at least 2 characters, got "a"
          {"pattern": "^a+$"} | "aa" | "ab" | /x: expected text like "^a+$", got "ab"
          {"maxLength": 2} | "ab" | "abc" | /x: expected
          {"items": {"type": "object"}} | [{}] | [{}, []] | /x/1: expected type "object", got an array of 0 elements
          """)
  void everyRuleHasItsLine(String rule, String good, String bad, String expected) {
    String text = "{\"properties\": {\"x\": " + rule + "}}";
    Schema schema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(
                new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), InputFormat.JSON);
    CheckedJson.validate(schema, tree("{\"x\": " + good + "}"), "f.json");
    String got =
        message(() -> CheckedJson.validate(schema, tree("{\"x\": " + bad + "}"), "f.json"));
    assertTrue(got.startsWith("f.json: " + expected), got);
    assertTrue(got.contains(", got "), got);
    assertEquals(1, got.lines().count());
  }

  /** A record to be read; its constructor refuses negative numbers. */
  record Point(int x, List<Integer> more) {
    Point {
      if (x < 0) {
        throw new IllegalArgumentException("expected x of at least 0, got " + x);
      }
      if (x == 7) {
        throw new IllegalArgumentException("/x: expected no 7");
      }
    }
  }

  /** Two of them. */
  record Points(List<Point> all) {}

  @Test
  void whatARecordSaysNamesThePlace() {
    String good = "{\"all\": [{\"x\": 1, \"more\": []}, {\"x\": 2, \"more\": [3]}]}";
    assertEquals(2, CheckedJson.bind(tree(good), Points.class, "f.json").all().get(1).x());
    assertEquals(
        "f.json: /all/1: expected x of at least 0, got -2",
        message(() -> CheckedJson.bind(tree(good.replace("2", "-2")), Points.class, "f.json")));
    assertEquals(
        "f.json: expected x of at least 0, got -2",
        message(() -> CheckedJson.bind(tree("{\"x\": -2, \"more\": []}"), Point.class, "f.json")));
    assertEquals(
        "f.json: /all/1/x: expected no 7",
        message(() -> CheckedJson.bind(tree(good.replace("2", "7")), Points.class, "f.json")));
    String unknown =
        message(
            () ->
                CheckedJson.bind(
                    tree(good.replace("\"x\": 2", "\"x\": 2, \"y\": 0")), Points.class, "f.json"));
    assertTrue(unknown.startsWith("f.json: /all/1/y: "), unknown);
    String wrong =
        message(() -> CheckedJson.bind(tree(good.replace("[3]", "[{}]")), Points.class, "f.json"));
    assertTrue(wrong.startsWith("f.json: /all/1/more/0: "), wrong);
  }

  @Test
  void shortForms() {
    assertEquals("nothing", CheckedJson.show(null));
    assertEquals("nothing", CheckedJson.show(tree("{}").path("a")));
    assertEquals("an object of 1 keys", CheckedJson.show(tree("{\"a\": 1}")));
    assertEquals("an array of 2 elements", CheckedJson.show(tree("[1, 2]")));
    assertEquals("\"a b\"", CheckedJson.show(tree("\"a b\"")));
    assertEquals("a b", CheckedJson.oneLine(" a\r\n\u0007\t b "));
    assertEquals("x".repeat(120), CheckedJson.oneLine("x".repeat(120)));
    assertEquals("x".repeat(120) + "…", CheckedJson.oneLine("x".repeat(121)));
    assertEquals("null", CheckedJson.oneLine(null));
    assertEquals("/a/b~1c~0d", CheckedJson.child("/a", "b/c~d"));
    assertEquals("f: (root): expected a, got b", CheckedJson.error("f", "", "a", "b").getMessage());
    assertEquals("f: /p: expected a, got b", CheckedJson.error("f", "/p", "a", "b").getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"a/": [1, 1e999]} | f.json: /a~1/1: expected a number within the range of a double, got
          -1e999 | f.json: (root): expected a number within the range of a double, got
          {"a": {"b": 1e400}} | f.json: /a/b: expected a number within the range of a double, got
          """)
  void numbersThatNoDoubleHolds(String text, String expected) {
    String got = message(() -> tree(text));
    assertTrue(got.startsWith(expected), got);
  }

  @Test
  void aFileTooLargeIsNotRead() throws IOException {
    Path file = folder.resolve("large.json");
    try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
      large.setLength((64L << 20) + 1);
    }
    assertEquals(
        file + ": expected at most 67108864 bytes, got 67108865",
        assertThrows(IllegalArgumentException.class, () -> CheckedJson.text(file)).getMessage());
    Files.writeString(file, "{\"a\": \"é\"}");
    assertEquals("{\"a\": \"é\"}", CheckedJson.text(file));
  }

  @Test
  void aSchemaThatIsNotThere() {
    assertEquals(
        "schema none.json: expected on the class path",
        assertThrows(
                IllegalStateException.class, () -> CheckedJson.schema(RolesJson.class, "none.json"))
            .getMessage());
  }
}
