package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class HeatKvOrderFileTest {
  private static final ScaleSchedule MEGAPIXEL =
      ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64);
  private static final CalibratedModel TWO_B =
      new CalibratedModel("infinity-2b", "unknown", 32, 16, MEGAPIXEL);
  private static final CalibratedModel EIGHT_B =
      new CalibratedModel("infinity-8b", "unknown", 40, 28, MEGAPIXEL);

  /** 3 layers, 2 heads, 4 scales; with 1 sink there are two orders of six pairs. */
  private static final CalibratedModel SMALL =
      new CalibratedModel("small", "unknown", 3, 2, ScaleSchedule.ofSides(1, 2, 3, 4));

  private static final String ORDER = "[[1,2],[0,1],[0,0],[1,0],[0,2],[1,1]]";

  @TempDir Path folder;

  private static HeatKvOrders parse(String text, CalibratedModel model) {
    return HeatKvOrderFile.parse(text, "o.json", model, OptionalInt.empty());
  }

  /** The pairs known to begin and to end a published order, all others between them. */
  private static int[] published(int[][] first, int[][] last) {
    LinkedHashSet<Integer> pairs = new LinkedHashSet<>();
    for (int[] pair : first) {
      pairs.add(pair[0] * 32 + pair[1]);
    }
    LinkedHashSet<Integer> end = new LinkedHashSet<>();
    for (int[] pair : last) {
      end.add(pair[0] * 32 + pair[1]);
    }
    for (int pair = 0; pair < 512; pair++) {
      if (!end.contains(pair)) {
        pairs.add(pair);
      }
    }
    pairs.addAll(end);
    return pairs.stream().mapToInt(Integer::intValue).toArray();
  }

  @Test
  void thePublishedLayout() {
    int[][] orders = new int[9][];
    orders[0] =
        published(new int[][] {{14, 0}, {7, 8}, {5, 7}, {10, 12}}, new int[][] {{12, 0}, {1, 0}});
    for (int i = 1; i < 9; i++) {
      orders[i] = published(new int[][] {{13, 19}, {3, 20}, {2, 0}, {8, 15}}, new int[0][]);
    }
    HeatKvOrders two = new HeatKvOrders(3, 13, 32, 16, orders);
    String text = HeatKvOrderFile.bareText(two);
    assertTrue(
        text.startsWith("[\n    [\n        [\n            14,\n            0\n        ],\n"));
    assertTrue(text.endsWith("        ]\n    ]\n]"), "no line end after the last bracket");
    assertEquals(235_406, text.length(), "bytes of the published file, whatever its orders");
    HeatKvOrders read = parse(text, TWO_B);
    assertEquals(two, read);
    assertEquals(0, rank(read, 3, 14, 0));
    assertEquals(1, rank(read, 3, 7, 8));
    assertEquals(511, rank(read, 3, 1, 0));
    assertEquals(510, rank(read, 3, 12, 0));
    assertEquals(0, rank(read, 11, 13, 19));
    assertEquals(3, rank(read, 11, 8, 15));

    HeatKvOrders eight = RolesFixtures.orders(new Random(1), 3, EIGHT_B);
    assertEquals(518_150, HeatKvOrderFile.bareText(eight).length());
  }

  @Test
  void layerFirstIsRefused() {
    HeatKvOrders orders = RolesFixtures.orders(new Random(2), 3, TWO_B);
    ArrayNode tree = (ArrayNode) new JsonMapper().readTree(HeatKvOrderFile.bareText(orders));
    for (JsonNode order : tree) {
      for (JsonNode pair : order) {
        JsonNode head = pair.get(0);
        ((ArrayNode) pair).set(0, pair.get(1));
        ((ArrayNode) pair).set(1, head);
      }
    }
    String message =
        assertThrows(IllegalArgumentException.class, () -> parse(tree.toString(), TWO_B))
            .getMessage();
    assertTrue(message.startsWith("o.json: /0/"), message);
    assertTrue(
        message.contains("[head, layer] of 16 heads and 32 layers, this may be [layer, head]"),
        message);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void whatIsWrittenIsRead(long seed) throws IOException {
    Random random = new Random(seed);
    int sinks = random.nextInt(3);
    HeatKvOrders orders = RolesFixtures.orders(random, sinks, SMALL);
    for (boolean metadata : new boolean[] {false, true}) {
      Path file = folder.resolve("deep/er/orders-" + metadata + ".json");
      HeatKvOrderFile.write(orders, SMALL, metadata, file);
      assertEquals(orders, HeatKvOrderFile.read(file, SMALL, OptionalInt.of(sinks)));
      if (metadata) {
        assertEquals(orders, HeatKvOrderFile.read(file, SMALL, OptionalInt.empty()));
        IllegalArgumentException error =
            assertThrows(
                IllegalArgumentException.class,
                () -> HeatKvOrderFile.read(file, SMALL, OptionalInt.of(sinks + 1)));
        assertTrue(error.getMessage().contains("/metadata/sink_scales"), error.getMessage());
      }
    }
  }

  @Test
  void metadataHasSortedKeys() {
    String text =
        HeatKvOrderFile.textWithMetadata(RolesFixtures.orders(new Random(1), 3, TWO_B), TWO_B);
    JsonNode metadata = new JsonMapper().readTree(text).get("metadata");
    List<String> keys = List.copyOf(metadata.propertyNames());
    assertEquals(keys.stream().sorted().toList(), keys);
    assertEquals("[3,4,5,6,7,8,9,10,11]", metadata.get("eligible_source_scales").toString());
    assertEquals("[1,64,64]", metadata.get("scale_schedule").get(12).toString());
    assertEquals(16, metadata.get("num_heads").intValue());
    assertEquals(32, metadata.get("num_layers").intValue());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          3 | o.json
          [] | o.json
          [@] | o.json
          [@,@,@] | o.json
          [@,7] | o.json: /1
          [@,[]] | o.json: /1
          [@,[[0,0],[0,1],[0,2],[1,0],[1,1]]] | o.json: /1
          [@,[[0,0],[0,1],[0,2],[1,0],[1,1],[0,1]]] | o.json: order 1
          [@,[[0,3]]] | o.json: /1/0
          [@,[[2,1]]] | o.json: /1/0
          [@,[[-1,0]]] | o.json: /1/0
          [@,[[0]]] | o.json: /1/0
          [@,[[0,1,2]]] | o.json: /1/0
          [@,[[0,1.0]]] | o.json: /1/0
          [@,[[0,"1"]]] | o.json: /1/0
          [@,[[0,null]]] | o.json: /1/0
          [@,[[0,4294967296]]] | o.json: /1/0
          [@,[5]] | o.json: /1/0
          [@,[[0,1e999]]] | o.json: /1/0/1
          [@,[[0,NaN]]] | o.json: line 1
          [@,[[0,1 | o.json: line 1
          [@,@] 1 | o.json: line 1
          '' | o.json
          {} | o.json: /metadata
          {"orders": [@,@]} | o.json: /metadata
          {"metadata": {}, "orders": [@,@], "scores": 1} | o.json: /scores
          {"orders": [@,@], "orders": [@,@]} | o.json: line 1
          """)
  void badFiles(String text, String message) {
    refused(message, text.replace("@", ORDER));
  }

  @Test
  void deepNestingIsRefused() {
    refused("o.json: ", "[".repeat(1_000_000));
    refused("o.json: ", "{\"metadata\":".repeat(100_000) + "1" + "}".repeat(100_000));
  }

  /** One change to good metadata, and what is said about it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          num_heads | 3 | num_heads
          num_heads | "2" | num_heads
          num_layers | | num_layers
          num_layers | 2 | num_layers
          sink_scales | | sink_scales
          sink_scales | 3 | sink_scales
          sink_scales | -1 | sink_scales
          sink_scales | 1.5 | sink_scales
          eligible_source_scales | [1, 3] | eligible_source_scales/1
          eligible_source_scales | [1] | eligible_source_scales
          scale_schedule | [] | scale_schedule
          scale_schedule | [[1,1,1],[1,2,2],[1,3,3],[1,4,5]] | scale_schedule/3
          scale_schedule | [[1,1,1],[1,2,2],[1,3,3],7] | scale_schedule/3
          scale_schedule | [[2,1,1],[1,2,2],[1,3,3],[1,4,4]] | scale_schedule/0
          scale_schedule | [[1,1,1],[1,3,2],[1,3,3],[1,4,4]] | scale_schedule/1
          scale_schedule | [[1,1,1],[1,2,2,1],[1,3,3],[1,4,4]] | scale_schedule/1
          scale_schedule | [[1,1,1],[1,2,"2"],[1,3,3],[1,4,4]] | scale_schedule/1
          scale_schedule | [[1,1,1],[1,2,2,3,4,5,6,7],[1,3,3],[1,4,4]] | scale_schedule/1
          scale_schedule | [[1,1,1],[1,2,2,3,4,5,6,7,8],[1,3,3],[1,4,4]] | scale_schedule/1
          scale_schedule | 4 | scale_schedule
          eligible_source_scales | {} | eligible_source_scales
          eligible_source_scales | [1, 2.5] | eligible_source_scales/1
          order_format | "ranks of (layer_index , heads)" | order_format
          order_format | "orders[i][r] = [layer, head]" | order_format
          """)
  void badMetadata(String key, String value, String message) {
    ObjectNode metadata = metadata();
    if (value == null) {
      metadata.remove(key);
    } else {
      metadata.set(key, new JsonMapper().readTree(value));
    }
    refused("o.json: /metadata/" + message, file(metadata));
  }

  private static ObjectNode metadata() {
    return (ObjectNode)
        new JsonMapper()
            .readTree(
                "{\"cfg\": 3, \"eligible_source_scales\": [1, 2], \"model\": \"infinity_2b\","
                    + " \"num_heads\": 2, \"num_layers\": 3, \"num_prompts\": 10,"
                    + " \"order_format\": \"[head, layer]\", \"prompt_file\": \"p.txt\","
                    + " \"scale_schedule\": [[1,1,1],[1,2,2],[1,3,3],[1,4,4]], \"seed\": 0,"
                    + " \"sink_scales\": 1, \"tau\": 1}");
  }

  private static String file(ObjectNode metadata) {
    return "{\"metadata\": " + metadata + ", \"orders\": [" + ORDER + "," + ORDER + "]}";
  }

  @Test
  void goodMetadataIsAccepted() {
    HeatKvOrders orders = parse(file(metadata()), SMALL);
    assertEquals(1, orders.sinkScales());
    assertEquals(0, rank(orders, 1, 1, 2));
    assertEquals(5, rank(orders, 2, 1, 1));
    ObjectNode least = metadata();
    least.retain("num_heads", "num_layers", "sink_scales");
    assertEquals(orders, parse(file(least), SMALL));
    // Bare files have three sinks where nothing says otherwise.
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> parse("[" + ORDER + "]", SMALL));
    assertTrue(error.getMessage().contains("sink scales"), error.getMessage());
  }

  @Test
  void aFileOfAnotherModelIsRefused() throws IOException {
    Path file = folder.resolve("8b.json");
    HeatKvOrders eight = RolesFixtures.orders(new Random(3), 3, EIGHT_B);
    Files.write(file, HeatKvOrderFile.bareText(eight).getBytes(StandardCharsets.UTF_8));
    assertEquals(eight, HeatKvOrderFile.read(file, EIGHT_B, OptionalInt.empty()));
    assertThrows(
        IllegalArgumentException.class,
        () -> HeatKvOrderFile.read(file, TWO_B, OptionalInt.empty()));
    assertThrows(
        IllegalArgumentException.class,
        () -> HeatKvOrderFile.read(file, EIGHT_B, OptionalInt.of(2)));
  }

  private static void refused(String message, String text) {
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class,
            () -> HeatKvOrderFile.parse(text, "o.json", SMALL, sinks(text)));
    assertTrue(error.getMessage().startsWith(message), error.getMessage());
    assertEquals(1, error.getMessage().lines().count(), error.getMessage());
    assertTrue(error.getMessage().length() < 400, error.getMessage());
  }

  private static OptionalInt sinks(String text) {
    return text.startsWith("{") ? OptionalInt.empty() : OptionalInt.of(1);
  }

  private static int rank(HeatKvOrders orders, int map, int head, int layer) {
    int pair = head * orders.layers() + layer;
    return Arrays.stream(orders.order(map)).boxed().toList().indexOf(pair);
  }
}
