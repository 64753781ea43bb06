package io.scalekv.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class CanonicalJsonTest {
  private static final JsonMapper MAPPER = new JsonMapper();

  private static JsonNode tree(String text) {
    return MAPPER.readTree(text);
  }

  /** One line of text, with / for line ends. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {} | {}/
          [] | []/
          {"a":{},"b":[]} | {/  "a": {},/  "b": []/}/
          [1,2] | [/  1,/  2/]/
          [[1,2],[]] | [/  [1, 2],/  []/]/
          [[[1],2]] | [/  [/    [1],/    2/  ]/]/
          [{"a":1,"b":"x"}] | [/  {"a": 1, "b": "x"}/]/
          [{"a":[1]}] | [/  {/    "a": [/      1/    ]/  }/]/
          [{}] | [/  {}/]/
          {"a":[true,null,-0.0,1.50]} | {/  "a": [/    true,/    null,/    0,/    1.5/  ]/}/
          "a\\"b\\n" | "a\\"b\\n"/
          """)
  void layout(String json, String expected) {
    assertEquals(expected.replace('/', '\n'), CanonicalJson.write(tree(json)));
  }

  private static JsonNode random(SplittableRandom random, int depth) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    switch (random.nextInt(depth == 0 ? 4 : 7)) {
      case 0:
        return nodes.numberNode(random.nextLong());
      case 1:
        return nodes.numberNode(Double.longBitsToDouble(random.nextLong() & ~(1L << 62)));
      case 2:
        return nodes.stringNode("é\"\\\t" + random.nextInt());
      case 3:
        return random.nextBoolean() ? nodes.booleanNode(random.nextBoolean()) : nodes.nullNode();
      case 4:
        ObjectNode object = nodes.objectNode();
        for (int i = random.nextInt(4); i > 0; i--) {
          object.set("k/~" + i, random(random, depth - 1));
        }
        return object;
      default:
        ArrayNode array = nodes.arrayNode();
        for (int i = random.nextInt(4); i > 0; i--) {
          array.add(random(random, depth - 1));
        }
        return array;
    }
  }

  /** Written text reads as an equal value, which is written as the same text. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void roundTrip(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 50; round++) {
      JsonNode value = random(random, 4);
      String text = CanonicalJson.write(value);
      JsonNode read = tree(text);
      assertEquals(text, CanonicalJson.write(read));
      assertEquals(plain(value), plain(read), text);
    }
  }

  /** Numbers as doubles, as 3 and 3.0 are written alike. */
  private static String plain(JsonNode value) {
    return value.isFloatingPointNumber() || value.isIntegralNumber()
        ? "" + (value.doubleValue() + 0.0)
        : value.isContainer()
            ? value.propertyNames()
                + value.valueStream().map(CanonicalJsonTest::plain).toList().toString()
            : value.toString();
  }

  @ParameterizedTest
  @CsvSource({
    "1e15, 1000000000000000",
    "9.99e15, 9990000000000000",
    "1e16, 1E+16",
    "1e-7, 0.0000001",
    "9.5e-8, 9.5E-8",
    "-1234.5, -1234.5",
    "5e-324, 4.9E-324",
    "0.1, 0.1"
  })
  void numbers(double value, String expected) {
    assertEquals(expected, CanonicalJson.number(value));
  }

  @ParameterizedTest
  @CsvSource({
    "{'a': [1e999]}, /a/0",
    "{'a': [{'b~': 1e999}]}, /a/0/b~0",
    "{'a': [[1e999]]}, /a/0/0"
  })
  void numberThatIsNotFinite(String json, String place) {
    JsonNode tree = tree(json.replace('\'', '"'));
    String message =
        assertThrows(IllegalArgumentException.class, () -> CanonicalJson.write(tree)).getMessage();
    assertTrue(message.startsWith(place + ":") && message.contains("Infinity"), message);
  }

  @Test
  void valueThatIsNotJson() {
    ObjectNode bytes = JsonNodeFactory.instance.objectNode();
    bytes.put("a", new byte[] {1});
    String message =
        assertThrows(IllegalArgumentException.class, () -> CanonicalJson.write(bytes)).getMessage();
    assertTrue(message.startsWith("/a ") && message.contains("BINARY"), message);
  }
}
