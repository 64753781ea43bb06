package io.scalekv.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class JsonTest {
  @TempDir private Path folder;

  private static String message(Runnable run) {
    return assertThrows(IllegalArgumentException.class, run::run).getMessage();
  }

  private static JsonNode tree(String text) {
    return Json.parse(text, "f.json");
  }

  /** Record whose constructor refuses some numbers. */
  record Point(int x, List<Integer> more) {
    Point {
      Require.that(x >= 0, "x must be at least 0, got %d", x);
      Require.that(x != 7, "/x must not be 7");
    }
  }

  /** Record of records. */
  record Points(List<Point> all) {}

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"x": 2} | {"x": -2} | /all/1: | -2
          {"x": 2} | {"x": 7} | /all/1/x | 7
          {"x": 2} | {"x": 2, "y": 0} | /all/1/y: | y
          [3] | [{}] | /all/1/more/0: | Integer
          """)
  void errorOfARecordNamesThePlace(String part, String bad, String place, String value) {
    String good = "{\"all\": [{\"x\": 1, \"more\": []}, {\"x\": 2, \"more\": [3]}]}";
    assertEquals(2, Json.bind(tree(good), Points.class, "f.json").all().get(1).x());
    String inner = bad.startsWith("{\"") ? bad.substring(1, bad.length() - 1) : bad;
    String broken = good.replace(part.startsWith("{") ? "\"x\": 2" : part, inner);
    String message = message(() -> Json.bind(tree(broken), Points.class, "f.json"));
    assertTrue(message.startsWith("f.json: " + place), message);
    assertTrue(message.contains(value), message);
  }

  /** Record with one key that may be missing. */
  record Optional(int x, List<Integer> more) {}

  @Test
  void optionalKeys() {
    assertEquals(
        new Optional(3, null), Json.bindOptional(tree("{\"x\": 3}"), Optional.class, "f.json"));
    assertEquals(
        new Optional(3, List.of(4)),
        Json.bindOptional(tree("{\"x\": 3, \"more\": 4}"), Optional.class, "f.json"));
    String message =
        message(() -> Json.bindOptional(tree("{\"x\": null}"), Optional.class, "f.json"));
    assertTrue(message.startsWith("f.json: /x"), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          a: [1, 2 | f.yaml: line
          a: 1\\na: 2 | f.yaml: line 2
          - 1 | f.yaml: the document
          `` | f.yaml: the file is empty
          a: *b | f.yaml: line 1
          a: &a [*a] | f.yaml: depth
          a: !!set {b} | f.yaml:
          a: 1\\n---\\nb: 2 | f.yaml: line
          """)
  void hostileYaml(String text, String expected) {
    String message = message(() -> Json.parseYaml(text.replace("\\n", "\n"), "f.yaml"));
    assertTrue(message.startsWith(expected), message);
    assertEquals(1, message.lines().count());
  }

  /** Cases of YAML 1.2 and what JSON they mean. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          rows: [{p: &h2o snapkv, b: 10%}, {p: *h2o, b: 4%}] | {"rows":[{"p":"snapkv","b":"10%"},{"p":"snapkv","b":"4%"}]}
          b: &n 3¶c: *n | {"b":3,"c":3}
          base: &base {x: 1, y: [a]}¶row: {<<: *base, x: 2} | {"base":{"x":1,"y":["a"]},"row":{"x":2,"y":["a"]}}
          a: &a {x: 1}¶b: &b {x: 2, y: 3}¶c: {<<: [*a, *b]} | {"a":{"x":1},"b":{"x":2,"y":3},"c":{"x":1,"y":3}}
          negative: ~¶title: null¶empty:¶text: "~" | {"text":"~"}
          a: yes¶b: no¶c: true¶d: 0x10¶e: 1e3¶f: 2020-01-01 | {"a":"yes","b":"no","c":true,"d":16,"e":1000.0,"f":"2020-01-01"}
          a: >-¶  two¶  lines | {"a":"two lines"}
          """)
  void yamlMeans(String text, String json) {
    for (String end : List.of("\n", "\r\n", "\r")) {
      String yaml = text.replace("¶", end);
      assertEquals(json.strip(), Json.parseYaml(yaml, "f.yaml").toString());
    }
  }

  @Test
  void yamlIsBounded() {
    String deep = "a: " + "[".repeat(50_000);
    assertTrue(message(() -> Json.parseYaml(deep, "f.yaml")).startsWith("f.yaml: depth"));
    StringBuilder laughs = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++) {
      String before = "*a" + (i - 1);
      String five = String.join(", ", java.util.Collections.nCopies(5, before));
      laughs.append("a%d: &a%d [%s]%n".formatted(i, i, five));
    }
    assertTrue(message(() -> Json.parseYaml(laughs.toString(), "f.yaml")).startsWith("f.yaml: "));
  }

  @Test
  void shortForms() {
    assertEquals("nothing", Json.show(null));
    assertEquals("nothing", Json.show(tree("{}").path("a")));
    assertEquals("an object of 1 keys", Json.show(tree("{\"a\": 1}")));
    assertEquals("an array of 2 elements", Json.show(tree("[1, 2]")));
    assertEquals("\"a b\"", Json.show(tree("\"a b\"")));
    assertEquals("a \\u0007 b", Json.oneLine(" a\r\n\u0007\t b "));
    assertEquals("x".repeat(120), Json.oneLine("x".repeat(120)));
    assertEquals("x".repeat(120) + "…", Json.oneLine("x".repeat(121)));
    assertEquals("null", Json.oneLine(null));
    assertEquals("/a/b~1c~0d", Json.child("/a", "b/c~d"));
    assertEquals("f: /p must be a, got b", Json.error("f", "/p", "a", "b").getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"a/": [1, 1e999]} | f.json: /a~1/1
          -1e999 | f.json: the document
          {"a": {"b": 1e400}} | f.json: /a/b
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
    String message =
        assertThrows(IllegalArgumentException.class, () -> Json.text(file)).getMessage();
    assertTrue(message.startsWith(file + " ") && message.contains("67108865"), message);
    Files.writeString(file, "\uFEFF{\"a\": \"é\"}");
    assertEquals("{\"a\": \"é\"}", Json.text(file));
  }
}
