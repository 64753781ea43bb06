package io.scalekv.roles;

import static io.scalekv.io.Messages.assertNames;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.CanonicalJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class RolesJsonTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void whatIsWrittenIsRead(long seed) throws IOException {
    RolesDocument document = RolesFixtures.document(seed);
    Path file = folder.resolve("deep/er/roles.json");
    RolesJson.write(document, file);
    RolesDocument read = RolesJson.read(file);
    assertEquals(document, read);
    assertEquals(Files.readString(file), RolesJson.text(read));
    try (Stream<Path> files = Files.list(file.getParent())) {
      assertEquals(List.of(file), files.toList(), "nothing else is left behind");
    }
  }

  @ParameterizedTest
  @CsvSource({"10%, paper", "4%, released", "20%, released", "100%, paper"})
  void rolesAndPlanComeBack(String request, String allocation) {
    ScaleSchedule megapixel = ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64);
    RolesDocument document = RolesFixtures.document(5, 32, megapixel, request, allocation);
    RolesDocument read = RolesJson.parse(RolesJson.text(document), "roles.json");
    assertEquals(document.assignment(), read.assignment());
    assertEquals(document.plan(), read.plan());
    BudgetPlan plan = read.plan();
    assertEquals(read.budget().tokens(), plan.budget());
    assertEquals(read.budget().drafters(), read.assignment().drafters().size());
    assertEquals(request.equals("100%") ? 0 : 1, Math.min(1, read.budget().drafters()));
    for (int l = 0; l < 32; l++) {
      for (int k = 0; k < 13; k++) {
        assertEquals(plan.tokens(k, l), read.pair(l, k).budgetTokens());
        assertEquals(k == 0, Double.isNaN(read.zTable()[l][k]));
      }
    }
  }

  @Test
  void onlyTheTimestampDiffers() {
    RolesDocument document = RolesFixtures.document(7);
    RolesDocument later = document.withTimestamp(Instant.parse("2026-02-03T04:05:06.789Z"));
    String first = RolesJson.text(document);
    String second = RolesJson.text(later);
    assertNotEquals(first, second);
    assertEquals(first, second.replace("2026-02-03T04:05:06Z", RolesFixtures.NOON.toString()));
    assertEquals(first, RolesJson.text(RolesFixtures.document(7)));
  }

  @Test
  void textIsCanonical() {
    String text = RolesJson.text(RolesFixtures.document(8));
    assertTrue(text.startsWith("{\n  \"schemaVersion\": 2,\n  \"timestamp\": "), text);
    assertTrue(text.endsWith("  }\n}\n"), text);
    assertTrue(
        text.contains(
            "\n    {\"layer\": 0, \"scale\": 0, \"metric\": null, \"z\": null,"
                + " \"role\": \"refiner\", \"confidence\": "),
        text);
    assertTrue(text.contains("\n      {\"height\": 16, \"width\": 16}\n    ]\n"), text);
    assertTrue(text.contains("\"querySamples\": null"), text);
    assertFalse(text.contains("NaN"), text);
    assertFalse(text.contains("\r"), text);
  }

  @Test
  void pairsMayComeInAnyOrder() {
    ObjectNode tree = tree();
    List<JsonNode> pairs = new ArrayList<>(tree.get("pairs").valueStream().toList());
    Collections.shuffle(pairs, new Random(3));
    tree.putArray("pairs").addAll(pairs);
    tree.remove("calibrations");
    RolesDocument read = RolesJson.parse(tree.toString(), "roles.json");
    assertEquals(RolesFixtures.document(1).pairs(), read.pairs());
    assertTrue(read.calibrations().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      doubles = {0.1, 1.0 / 3, 3, -2.5e-10, 1e300, 4.9e-324, 123456789.25, 1e15, 1e16, 0.1 + 0.2})
  void numbersReadBackExactly(double value) {
    assertEquals(value, Double.parseDouble(CanonicalJson.number(value)));
    assertEquals(-value, Double.parseDouble(CanonicalJson.number(-value)));
  }

  @Test
  void numbersAreShort() {
    assertEquals("0.1", CanonicalJson.number(0.1));
    assertEquals("3", CanonicalJson.number(3));
    assertEquals("0", CanonicalJson.number(-0.0));
    assertEquals("0.30000000000000004", CanonicalJson.number(0.1 + 0.2));
    assertThrows(IllegalArgumentException.class, () -> CanonicalJson.number(Double.NaN));
  }

  /** A file of the first version is read, and keeps its bytes when it is written again. */
  @Test
  void theFirstVersionIsRead() {
    ObjectNode tree = tree();
    tree.put("schemaVersion", 1);
    tree.remove("classification");
    tree.get("pairs").forEach(pair -> ((ObjectNode) pair).remove("confidence"));
    String text = CanonicalJson.write(tree);
    RolesDocument read = RolesJson.parse(text, "roles.json");
    assertEquals(1, read.schemaVersion());
    assertEquals(null, read.classification());
    assertTrue(read.pairs().stream().allMatch(pair -> pair.confidence() == null));
    RolesDocument now = RolesFixtures.document(1);
    assertEquals(now.assignment(), read.assignment());
    assertEquals(now.plan(), read.plan());
    assertEquals(text, RolesJson.text(read));
    assertEquals(
        text.replace("2025-01-31T12:00:00Z", "1970-01-01T00:00:00Z"),
        RolesJson.text(read.withTimestamp(Instant.EPOCH)));
    ((ObjectNode) tree.at("/pairs/3")).put("confidence", 1);
    refused("r.json … /pairs/3/confidence", tree.toString());
  }

  private static ObjectNode tree() {
    return (ObjectNode) new JsonMapper().readTree(RolesJson.text(RolesFixtures.document(1)));
  }

  /** One change to a good file, and what is said about it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /schemaVersion | 3 | /schemaVersion … got 3
          /schemaVersion | 1 | /pairs/0/confidence
          /timestamp | "yesterday" | /timestamp
          /timestamp | "2025-02-31T12:00:00Z" | /timestamp
          /model/layers | "12" | /model/layers … got "12"
          /model/layers | 0 | /model/layers … got 0
          /model/layers | 99999999999999999999 | /model/layers … got 9999
          /model/layers | 13 | /pairs … got 84
          /model/layers | 11 | /pairs/77/layer … got 11
          /model/heads | 1.5 | /model/heads … got 1.5
          /model/name | null | /model/name … got null
          /model/weights | "md5:1" | /model/weights
          /model/schedule | [] | /model/schedule … got 0
          /model/schedule/2/height | 0 | /model/schedule/2/height … got 0
          /model/schedule/6/depth | 1 | /model/schedule/6/depth
          /calibration/promptFile | "a/b.txt" | /calibration/promptFile
          /calibration/promptCount | 0 | /calibration/promptCount … got 0
          /calibration/topP | 0 | /calibration/topP … got 0
          /calibration/cfg | 1e999 | /calibration/cfg
          /calibration/seed | 9223372036854775808 | /calibration/seed
          /metric/drafters | "middle" | /metric/drafters … got "middle"
          /classification/classifier | "Rank" | /classification/classifier
          /classification/settings | {"drafters": 2} | /classification/settings/drafters … got 2
          /classification/bootstrap/draws | 0 | /classification/bootstrap/draws … got 0
          /classification/bootstrap | null | /pairs/0/confidence
          /classification | null | /pairs/0/confidence
          /pairs/3/confidence | null | /pairs/3/confidence … got null
          /pairs/3/confidence | 1.01 | /pairs/3/confidence … got 1.01
          /pairs/3/confidence | -0.5 | /pairs/3/confidence … got -0.5
          /pairs/3/confidence | "high" | /pairs/3/confidence … got "high"
          /budget/tokens | -1 | /budget/tokens … got -1
          /budget/tokens | 3 | /pairs: budget plan: scale 3 … 36 … got 60
          /budget/drafters | 5 | /budget/drafters … got 5
          /pairs | {} | /pairs … got an object of 0 keys
          /pairs/3 | 7 | /pairs/3 … got 7
          /pairs/3/layer | 12 | /pairs/3/layer … got 12
          /pairs/3/layer | -1 | /pairs/3/layer … got -1
          /pairs/3/layer | 0.5 | /pairs/3/layer … got 0.5
          /pairs/3/scale | 7 | /pairs/3/scale … got 7
          /pairs/3/scale | 2 | /pairs/3 … got layer 0 scale 2 again
          /pairs/3/metric | "NaN" | /pairs/3/metric … got "NaN"
          /pairs/3/metric | null | /pairs/3 … got null and
          /pairs/3/z | -1e400 | /pairs/3/z
          /pairs/3/role | "Drafter" | /pairs/3/role … got "Drafter"
          /pairs/3/budgetTokens | 22 | /pairs: budget plan: scale 4, layer 0 … 21 … got 22
          /pairs/6/budgetTokens | 2147483648 | /pairs/6/budgetTokens
          /software/java | "" | /software/java … got ""
          /calibrations/heatkv | 3 | /calibrations/heatkv … got 3
          /calibrations/heatkv | {} | /calibrations/heatkv/sinkScales
          /calibrations/heatkv/sinkScales | 2 | /calibrations/heatkv/orders … got 3
          /calibrations/heatkv/sinkScales | 6 | /calibrations/heatkv/sinkScales … got 6
          /calibrations/heatkv/sinkScales | -1 | /calibrations/heatkv/sinkScales … got -1
          /calibrations/heatkv/sinkScales | "3" | /calibrations/heatkv/sinkScales … got "3"
          /calibrations/heatkv/scores | [] | /calibrations/heatkv/scores
          /calibrations/heatkv/orders | 3 | /calibrations/heatkv/orders … got 3
          /calibrations/heatkv/orders/1 | [0] | /calibrations/heatkv/orders/1 … got 1
          /calibrations/heatkv/orders/1/7 | 48 | /calibrations/heatkv/orders/1/7 … got 48
          /calibrations/heatkv/orders/1/7 | 0.5 | /calibrations/heatkv/orders/1/7 … got 0.5
          /calibrations/heatkv/orders/1/7 | 1e400 | /calibrations/heatkv/orders/1/7
          /calibrations/amsKv | {} | /calibrations/amsKv/similarity
          /calibrations/amsKv | {"similarity": [1, 2]} | /calibrations/amsKv/similarity … got 2
          /calibrations/amsKv | {"similarity": [1, "2"]} | /calibrations/amsKv/similarity/1 … got "2"
          /calibrations/amsKv | {"similarity": [1], "tau": 1} | /calibrations/amsKv/tau
          /calibrations/hack | {"variance": [[1, 2]]} | /calibrations/hack/variance … got 1
          /calibrations/hack | {"variance": [1, 2]} | /calibrations/hack/variance/0 … got 1
          /calibrations/another | [] | /calibrations/another … got an array of 0 elements
          /extra | true | /extra
          """)
  void oneWrongValue(String pointer, String value, String message) {
    ObjectNode tree = tree();
    int slash = pointer.lastIndexOf('/');
    JsonNode parent = tree.at(pointer.substring(0, slash));
    String key = pointer.substring(slash + 1);
    // As raw text, so that numbers arrive as they are typed.
    String mark = "\"@@@\"";
    if (parent.isArray()) {
      ((tools.jackson.databind.node.ArrayNode) parent).set(Integer.parseInt(key), "@@@");
    } else {
      ((ObjectNode) parent).put(key, "@@@");
    }
    refused("r.json … " + message, tree.toString().replace(mark, value));
  }

  @Test
  void aPairTwiceInAnOrder() {
    ObjectNode tree = tree();
    tools.jackson.databind.node.ArrayNode order =
        (tools.jackson.databind.node.ArrayNode) tree.at("/calibrations/heatkv/orders/2");
    int pair = order.get(4).intValue();
    order.set(9, pair);
    refused(
        String.format(
            "r.json … /calibrations/heatkv/orders/2/9 … got head %d layer" + " %d of rank 4 again",
            pair / 12, pair % 12),
        tree.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/schemaVersion",
        "/timestamp",
        "/model",
        "/calibration",
        "/metric",
        "/classification",
        "/classification/bootstrap",
        "/pairs/4/confidence",
        "/budget",
        "/pairs",
        "/software",
        "/model/weights",
        "/calibration/promptSha256",
        "/metric/topK",
        "/budget/request",
        "/pairs/83/z",
        "/software/djl"
      })
  void oneMissingKey(String pointer) {
    ObjectNode tree = tree();
    int slash = pointer.lastIndexOf('/');
    ((ObjectNode) tree.at(pointer.substring(0, slash))).remove(pointer.substring(slash + 1));
    refused("r.json … " + pointer, tree.toString());
  }

  @Test
  void oneMissingPair() {
    ObjectNode tree = tree();
    ((tools.jackson.databind.node.ArrayNode) tree.get("pairs")).remove(40);
    refused("r.json … /pairs … got 83", tree.toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          '' | r.json … empty
          { | r.json: line 1 … JSON: Unexpected end-of-input
          [1] | r.json: the document … got an array of 1 elements
          null | r.json: the document … got null
          {"a": NaN} | r.json: line 1
          {"a": 1, "a": 2} | r.json: line 1 … JSON: Duplicate
          {} {} | r.json: line 1
          """)
  void notEvenClose(String text, String message) {
    refused(message, text);
  }

  @Test
  void deepNestingIsRefused() {
    String deep = "r.json … JSON: Document nesting depth (101) exceeds";
    refused(deep, "[".repeat(1_000_000));
    refused(deep, "{\"calibrations\":".repeat(100_000) + "1" + "}".repeat(100_000));
    refused("r.json … JSON: Number value length", "{\"a\": " + "9".repeat(5000) + "}");
  }

  @Test
  void filesThatCannotBeRead() throws IOException {
    Path missing = folder.resolve("none.json");
    assertNames(
        missing.toString(),
        assertThrows(IllegalArgumentException.class, () -> RolesJson.read(missing)));
    assertNames(
        folder + " … got a folder",
        assertThrows(IllegalArgumentException.class, () -> RolesJson.read(folder)));
    Path latin = folder.resolve("latin.json");
    Files.write(latin, "\"é\"".getBytes(StandardCharsets.ISO_8859_1));
    assertNames(
        latin + " … UTF-8",
        assertThrows(IllegalArgumentException.class, () -> RolesJson.read(latin)));
  }

  @Test
  void aBrokenDocumentIsNotWritten() throws IOException {
    RolesDocument good = RolesFixtures.document(1);
    RolesDocument bad =
        new RolesDocument(
            2,
            good.timestamp(),
            good.model(),
            good.calibration(),
            good.metric(),
            good.classification(),
            good.budget(),
            good.pairs(),
            new RolesDocument.Software("", "0", "0", "0"),
            null);
    Path file = folder.resolve("roles.json");
    RolesJson.write(good, file);
    String before = Files.readString(file);
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> RolesJson.write(bad, file));
    assertTrue(error.getMessage().contains("/software/java"), error.getMessage());
    assertEquals(before, Files.readString(file));
  }

  @Test
  void aFailedWriteLeavesNothing() throws IOException {
    Path taken = Files.createDirectories(folder.resolve("roles.json/inside"));
    assertThrows(
        IOException.class,
        () -> RolesJson.write(RolesFixtures.document(1), folder.resolve("roles.json")));
    assertTrue(Files.isDirectory(taken));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
  }

  private static void refused(String message, String text) {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> RolesJson.parse(text, "r.json"));
    assertNames(message, error);
    assertTrue(error.getMessage().length() < 400, error.getMessage());
  }
}
