package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.ErrorCurves;
import io.scalekv.cache.policy.PolicyCalibration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class CalibrationFileTest {
  @TempDir Path folder;

  private static Calibration all(long seed) {
    Calibration base = RolesFixtures.calibration(seed);
    Random random = new Random(seed);
    double[] similarity = random.doubles(12, -1, 1).toArray();
    double[][] variance = new double[12][];
    Arrays.setAll(variance, l -> random.doubles(4, 1, 48).toArray());
    return base.with(new AmsKvPart(), similarity)
        .with(new HackPart(), variance)
        .with(CalibrationPart.ERROR_CURVES, RolesFixtures.errorCurves(random, base.model()));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void everyPartComesBack(long seed) throws IOException {
    Calibration written = all(seed);
    Path file = folder.resolve("roles.json");
    CalibrationFile.write(written, file);
    Calibration read = CalibrationFile.read(file);
    assertEquals(Files.readString(file), CalibrationFile.text(read));
    assertEquals(List.of("roles", "heatkv", "ams-kv", "hack", "error-curves"), read.names());
    assertEquals(written.model(), read.model());
    assertEquals(written.source(), read.source());
    assertEquals(written.timestamp(), read.timestamp());
    assertEquals(written.roles().assignment(), read.roles().assignment());
    assertEquals(written.roles().plan(), read.roles().plan());
    assertEquals(written.roles().bootstrap(), read.roles().bootstrap());
    for (int l = 0; l < 12; l++) {
      for (int k = 0; k < 7; k++) {
        double exact = written.roles().statistics().value(l, k);
        double value = read.roles().statistics().value(l, k);
        assertEquals(k == 0, Double.isNaN(value), "the first scale has no prefix");
        assertTrue(k == 0 || Math.abs(value - exact) <= 5.1e-9 * exact);
        assertEquals(
            written.roles().confidence(l, k), read.roles().confidence(l, k), 0, "confidence");
      }
    }
    assertEquals(written.find(CalibrationPart.HEATKV), read.find(CalibrationPart.HEATKV));
    ErrorCurves curves = written.find(CalibrationPart.ERROR_CURVES).orElseThrow();
    assertEquals(curves, read.find(CalibrationPart.ERROR_CURVES).orElseThrow());
    assertArrayEquals(
        written.find(new AmsKvPart()).orElseThrow(), read.find(new AmsKvPart()).orElseThrow());
    assertArrayEquals(
        written.find(new HackPart()).orElseThrow(), read.find(new HackPart()).orElseThrow());
  }

  @Test
  void scalesCountFromOneWithTheirMap() {
    JsonNode roles = tree().at("/parts/roles");
    JsonNode last = roles.get("pairs").get(83);
    assertEquals(11, last.get("layer").intValue());
    assertEquals(7, last.get("scale").intValue());
    assertEquals("16x16", last.get("map").stringValue());
    JsonNode drafter = roles.get("drafters").get(0);
    assertTrue(drafter.get("scale").intValue() >= 5, "only scales with a compressed cache");
    assertTrue(drafter.get("confidence").isNumber());
    assertEquals(2, roles.get("drafters").size());
  }

  @Test
  void onlyTheTimestampDiffers() {
    Calibration c = RolesFixtures.calibration(7);
    String first = CalibrationFile.text(c);
    String second = CalibrationFile.text(c.at(Instant.parse("2026-02-03T04:05:06.789Z")));
    assertNotEquals(first, second);
    assertEquals(first, second.replace("2026-02-03T04:05:06Z", RolesFixtures.NOON.toString()));
    assertEquals(first, CalibrationFile.text(RolesFixtures.calibration(7)));
    assertFalse(first.contains("NaN"), first);
  }

  @Test
  void pairsMayComeInAnyOrder() {
    ObjectNode tree = tree();
    ArrayNode list = (ArrayNode) tree.at("/parts/roles/pairs");
    List<JsonNode> pairs = new ArrayList<>(list.valueStream().toList());
    Collections.shuffle(pairs, new Random(3));
    list.removeAll().addAll(pairs);
    assertEquals(
        CalibrationFile.text(all(1)),
        CalibrationFile.text(CalibrationFile.parse(tree.toString(), "roles.json")));
  }

  private static ObjectNode tree() {
    return (ObjectNode) new JsonMapper().readTree(CalibrationFile.text(all(1)));
  }

  /** One change to a good file, and the place of the error. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /schemaVersion | 2 | /schemaVersion
          /timestamp | "yesterday" | /timestamp
          /timestamp | "2025-02-31T12:00:00Z" | /timestamp
          /model/layers | "12" | /model/layers
          /model/layers | 0 | /model/layers
          /model/layers | 99999999999999999999 | /model/layers
          /model/layers | 13 | /parts/roles/pairs
          /model/heads | 1.5 | /model/heads
          /model/name | null | /model/name
          /model/weightsSha256 | "md5:1" | /model
          /model/schedule | [] | /model
          /model/schedule/2 | "0x3" | /model/schedule/2
          /model/depth | 1 | /model/depth
          /source/cfg | 3 | /source/cfg
          /parts/roles/statistic/drafters | "middle" | /parts/roles/statistic
          /parts/roles/classifier/settings | {"drafters": 2} | /parts/roles/classifier/settings/drafters
          /parts/roles/bootstrap/draws | 0 | /parts/roles/bootstrap/draws
          /parts/roles/bootstrap | null | /parts/roles/pairs/0/confidence
          /parts/roles/budget/budgetTokens | -1 | /parts/roles/budget/budgetTokens
          /parts/roles/budget/budgetTokens | 3 | /parts/roles/pairs
          /parts/roles/drafters | [] | /parts/roles/drafters
          /parts/roles/drafters/0/scale | 8 | /parts/roles/drafters/0/scale
          /parts/roles/pairs | {} | /parts/roles/pairs
          /parts/roles/pairs/3 | 7 | /parts/roles/pairs/3
          /parts/roles/pairs/3/layer | 12 | /parts/roles/pairs/3/layer
          /parts/roles/pairs/3/layer | 0.5 | /parts/roles/pairs/3/layer
          /parts/roles/pairs/3/scale | 0 | /parts/roles/pairs/3/scale
          /parts/roles/pairs/3/map | "4x4" | /parts/roles/pairs/3/map
          /parts/roles/pairs/3/value | "NaN" | /parts/roles/pairs/3/value
          /parts/roles/pairs/3/z | -1e400 | /parts/roles/pairs/3/z
          /parts/roles/pairs/3/role | "Drafter" | /parts/roles/pairs/3/role
          /parts/roles/pairs/3/confidence | null | /parts/roles/pairs/3/confidence
          /parts/roles/pairs/3/confidence | 1.01 | /parts/roles/pairs/3/confidence
          /parts/roles/pairs/3/budgetTokens | 22 | /parts/roles/pairs
          /parts/roles/pairs/6/budgetTokens | 2147483648 | /parts/roles/pairs/6/budgetTokens
          /parts/heatkv | 3 | /parts/heatkv
          /parts/heatkv | {} | /parts/heatkv/sinkScales
          /parts/heatkv/sinkScales | 2 | /parts/heatkv/orders
          /parts/heatkv/sinkScales | 6 | /parts/heatkv/sinkScales
          /parts/heatkv/scores | [] | /parts/heatkv/scores
          /parts/heatkv/orders/1 | [0] | /parts/heatkv/orders/1
          /parts/heatkv/orders/1/7 | 48 | /parts/heatkv/orders/1/7
          /parts/heatkv/orders/1/7 | 0.5 | /parts/heatkv/orders/1/7
          /parts/ams-kv | {} | /parts/ams-kv/similarity
          /parts/ams-kv | {"similarity": [1, 2]} | /parts/ams-kv/similarity
          /parts/hack | {"variance": [[1, 2]]} | /parts/hack/variance
          /parts/error-curves/tokens/0 | [0] | /parts/error-curves/tokens/0
          /parts/error-curves/tokens/2 | [0, 4] | /parts/error-curves/tokens/2
          /parts/error-curves/tokens/2/1 | 6 | /parts/error-curves/tokens/2/1
          /parts/error-curves/error/1/0/2/1 | "x" | /parts/error-curves/error/1/0/2/1
          /parts/error-curves/importance/1/2/3/0 | -0.5 | /parts/error-curves/importance/1/2/3/0
          /parts/error-curves/sensitivity | [1] | /parts/error-curves/sensitivity
          /parts/another | {} | /parts/another
          /software/java | 17 | /software/java
          /extra | true | /extra
          """)
  void oneWrongValue(String pointer, String value, String place) {
    ObjectNode tree = tree();
    int slash = pointer.lastIndexOf('/');
    JsonNode parent = tree.at(pointer.substring(0, slash));
    String key = pointer.substring(slash + 1);
    // As raw text, so that numbers arrive as they are typed.
    if (parent.isArray()) {
      ((ArrayNode) parent).set(Integer.parseInt(key), "@@@");
    } else {
      ((ObjectNode) parent).put(key, "@@@");
    }
    refused("r.json: " + place, tree.toString().replace("\"@@@\"", value));
  }

  @Test
  void aPairTwiceInAnOrder() {
    ObjectNode tree = tree();
    ArrayNode order = (ArrayNode) tree.at("/parts/heatkv/orders/2");
    order.set(9, order.get(4).intValue());
    refused("r.json: /parts/heatkv", tree.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/schemaVersion",
        "/timestamp",
        "/model",
        "/source",
        "/parts",
        "/software",
        "/model/weightsSha256",
        "/parts/roles/statistic",
        "/parts/roles/classifier/found",
        "/parts/roles/pairs/4/confidence",
        "/parts/roles/budget/request",
        "/parts/roles/pairs/83/z"
      })
  void oneMissingKey(String pointer) {
    ObjectNode tree = tree();
    int slash = pointer.lastIndexOf('/');
    ((ObjectNode) tree.at(pointer.substring(0, slash))).remove(pointer.substring(slash + 1));
    refused("r.json: " + pointer + ": missing", tree.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[1]", "null", "{\"a\": NaN}", "{\"a\": 1, \"a\": 2}", "{} {}"})
  void textsThatAreNoCalibration(String text) {
    refused("r.json", text);
  }

  @Test
  void deepNestingIsRefused() {
    refused("r.json: ", "[".repeat(1_000_000));
    refused("r.json: ", "{\"parts\":".repeat(100_000) + "1" + "}".repeat(100_000));
  }

  @Test
  void aFailedWriteLeavesNothing() throws IOException {
    Path taken = Files.createDirectories(folder.resolve("roles.json/inside"));
    assertThrows(
        IOException.class,
        () -> CalibrationFile.write(RolesFixtures.calibration(1), folder.resolve("roles.json")));
    assertTrue(Files.isDirectory(taken));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
  }

  private static void refused(String start, String text) {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> CalibrationFile.parse(text, "r.json"));
    assertTrue(error.getMessage().startsWith(start), error.getMessage());
    assertEquals(1, error.getMessage().lines().count(), error.getMessage());
    assertTrue(error.getMessage().length() < 400, error.getMessage());
  }

  private final Calibration shipped = CalibrationFile.shipped("pocket").orElseThrow();
  private final ScaleSchedule schedule = shipped.model().schedule();

  @Test
  void policiesReadThePartsAtTheBudgetOfTheFile() {
    PolicyCalibration c = shipped.forPolicies(schedule, 12, 4, 27);
    assertArrayEquals(
        shipped.roles().assignment().mask(), c.part(PolicyCalibration.ROLES, boolean[][].class));
    HeatKvOrders orders = shipped.find(CalibrationPart.HEATKV).orElseThrow();
    PolicyCalibration.BlockOrder blocks =
        c.part(PolicyCalibration.HEATKV, PolicyCalibration.BlockOrder.class);
    assertEquals(orders.sinkScales(), blocks.firstMap());
    assertArrayEquals(orders.order(5), blocks.order()[5 - orders.sinkScales()]);
    assertTrue(c.has(PolicyCalibration.AMS_KV) && c.has(PolicyCalibration.HACK));
    assertTrue(c.has(PolicyCalibration.ERROR_CURVES));
  }

  /** By the statistic alone: the lowest z among the scales with a compressed cache. */
  @ParameterizedTest
  @ValueSource(ints = {3, 11, 53, 130})
  void anotherBudgetRanksItsOwnPairs(int budget) {
    boolean[][] drafters =
        shipped
            .forPolicies(schedule, 12, 4, budget)
            .part(PolicyCalibration.ROLES, boolean[][].class);
    int first = BudgetPlan.firstCutScale(schedule, budget);
    double worst = Double.NEGATIVE_INFINITY;
    double best = Double.POSITIVE_INFINITY;
    int count = 0;
    for (int l = 0; l < 12; l++) {
      for (int k = 0; k < 7; k++) {
        double z = shipped.roles().statistics().z()[l][k];
        if (drafters[l][k]) {
          assertTrue(k >= first, "layer " + l + " scale " + (k + 1));
          count++;
          worst = Math.max(worst, z);
        } else if (k >= first) {
          best = Math.min(best, z);
        }
      }
    }
    assertEquals(RankClassifier.usual(12, 7 - first), count);
    assertTrue(count == 0 || worst <= best, Arrays.deepToString(drafters));
  }

  @Test
  void anotherModelIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> shipped.forPolicies(schedule, 12, 8, 27));
    assertThrows(
        IllegalArgumentException.class,
        () -> shipped.forPolicies(ScaleSchedule.ofSides(1, 2), 12, 4, 27));
  }

  @Test
  void importedRolesHaveNoStatistic() {
    RoleAssignment roles = RoleAssignment.of(2, 3, List.of(new LayerScale(1, 2)));
    BudgetPlan plan =
        BudgetPlan.of(ScaleSchedule.ofSides(1, 2, 3), 3, roles.mask(), new Allocation.Released());
    CalibratedModel model =
        new CalibratedModel("m", CalibratedModel.UNKNOWN_WEIGHTS, 2, 1, plan.schedule());
    Calibration c =
        Calibration.empty(RolesFixtures.NOON, model, Map.of(), RolesFixtures.SOFTWARE)
            .with(CalibrationPart.ROLES, Roles.imported(roles, plan));
    Calibration read = CalibrationFile.parse(CalibrationFile.text(c), "r.json");
    assertEquals(roles, read.roles().assignment());
    assertEquals(plan, read.roles().plan());
    assertEquals("imported", read.roles().statistics().name());
    assertTrue(Double.isNaN(read.roles().statistics().z()[1][2]));
    assertEquals(roles, read.roles().at(plan.schedule(), 2), "imported roles stay");
  }

  @Test
  void rolesByClustersHoldForTheirBudgetOnly() {
    Roles roles = RolesFixtures.calibration(1).roles();
    ClassifiedRoles c = roles.classified();
    Roles clusters =
        new Roles(
            new ClassifiedRoles(c.statistics(), c.assignment(), "k-means", c.settings(), c.found()),
            roles.topK(),
            null,
            null,
            roles.request(),
            roles.allocation(),
            roles.plan());
    assertEquals(c.assignment(), clusters.at(RolesFixtures.POCKET, roles.budgetTokens()));
    assertThrows(IllegalArgumentException.class, () -> clusters.at(RolesFixtures.POCKET, 100));
  }
}
