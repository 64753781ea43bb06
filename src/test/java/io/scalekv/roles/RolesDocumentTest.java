package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RolesDocumentTest {
  private static final ScaleSchedule POCKET = RolesFixtures.POCKET;

  private static RolesDocument.Model model(int layers, ScaleSchedule schedule) {
    return new RolesDocument.Model("m", "unknown", layers, 4, schedule.maps());
  }

  private static RolesDocument imported(
      RolesDocument.Model model, RoleAssignment roles, BudgetPlan plan) {
    return RolesDocument.imported(
        Instant.parse("2025-01-31T12:00:00.75Z"), model, roles, plan, RolesFixtures.SOFTWARE);
  }

  private static RoleAssignment roles(int layers, int scales) {
    return RoleAssignment.of(
        layers, scales, List.of(new LayerScale(1, scales - 1), new LayerScale(0, scales - 1)));
  }

  @Test
  void whatIsImportedSaysNothingOfAMetric() {
    RoleAssignment roles = roles(3, 7);
    BudgetPlan plan = BudgetPlan.uniform(POCKET, 3, 27);
    RolesDocument d = imported(model(3, POCKET), roles, plan);
    assertEquals("2025-01-31T12:00:00Z", d.timestamp());
    assertNull(d.calibration());
    assertNull(d.classification());
    assertEquals(new RolesDocument.Request("27t", 27, "imported", 2), d.budget());
    assertEquals(roles, d.assignment());
    assertEquals(plan, d.plan());
    assertEquals(POCKET, d.schedule());
    assertTrue(d.calibrations().isEmpty());
    for (double[][] table : List.of(d.metricTable(), d.zTable(), d.confidenceTable())) {
      assertEquals(3, table.length);
      for (double[] row : table) {
        assertEquals(7, row.length);
        for (double value : row) {
          assertTrue(Double.isNaN(value));
        }
      }
    }
    assertEquals(d, RolesJson.parse(RolesJson.text(d), "roles.json"));
  }

  @Test
  void tablesHaveTheirPlaces() {
    RolesDocument d = RolesFixtures.document(1);
    for (int l = 0; l < 12; l++) {
      for (int k = 0; k < 7; k++) {
        RolesDocument.Pair pair = d.pair(l, k);
        assertEquals(l, pair.layer());
        assertEquals(k, pair.scale());
        assertEquals(pair.metric() == null ? Double.NaN : pair.metric(), d.metricTable()[l][k]);
        assertEquals(pair.z() == null ? Double.NaN : pair.z(), d.zTable()[l][k]);
        assertEquals(pair.confidence(), d.confidenceTable()[l][k]);
        assertEquals(k == 0, pair.metric() == null, "the first scale has no history");
      }
    }
  }

  /** Roles, plan and model of one shape; each of them once with another. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          4 | 7 | 3 | /pairs: expected 3 layers x 7 scales, got 4 x 7
          3 | 6 | 3 | /pairs: expected 3 layers x 7 scales, got 3 x 6
          3 | 7 | 2 | /model/schedule: expected
          """)
  void partsOfDifferentModels(int roleLayers, int roleScales, int planLayers, String message) {
    BudgetPlan plan = BudgetPlan.uniform(POCKET, planLayers, 27);
    RoleAssignment roles = roles(roleLayers, roleScales);
    refused(message, () -> imported(model(3, POCKET), roles, plan));
    double[][] metric = new double[roleLayers][roleScales];
    refused(
        message,
        () ->
            of(
                model(3, POCKET),
                LayerRoles.assigned("asi", metric, Orientation.LOWEST, roles.drafters()),
                plan));
  }

  private static RolesDocument of(RolesDocument.Model model, LayerRoles roles, BudgetPlan plan) {
    return RolesDocument.of(
        RolesFixtures.NOON,
        model,
        null,
        new ClassifiedRoles(roles, "rank", new TreeMap<>(), new TreeMap<>()),
        null,
        "",
        "27t",
        "paper",
        plan,
        RolesFixtures.SOFTWARE,
        null);
  }

  @Test
  void aPlanOfOtherMapsIsRefused() {
    ScaleSchedule other = ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 17);
    BudgetPlan plan = BudgetPlan.uniform(other, 3, 27);
    refused("/model/schedule: expected", () -> imported(model(3, POCKET), roles(3, 7), plan));
    LayerRoles roles = LayerRoles.assigned("asi", new double[3][7], Orientation.LOWEST, List.of());
    refused("/model/schedule: expected", () -> of(model(3, POCKET), roles, plan));
    assertEquals(0, of(model(3, other), roles, plan).budget().drafters());
  }

  private static void refused(String message, Runnable run) {
    String got = assertThrows(IllegalArgumentException.class, run::run).getMessage();
    assertTrue(got.startsWith(message), got);
  }

  @Test
  void numbersOfAPairAreRounded() {
    Random random = new Random(3);
    for (int i = 0; i < 50; i++) {
      double exact = random.nextGaussian() * Math.pow(10, random.nextInt(20) - 10);
      RolesDocument.Pair pair = new RolesDocument.Pair(0, 0, exact, -exact, Role.REFINER, null, 1);
      assertEquals(exact, pair.metric(), 5.1e-9 * Math.abs(exact));
      assertEquals(-pair.metric(), pair.z());
      assertEquals(Double.parseDouble(String.format(Locale.ROOT, "%.8e", exact)), pair.metric());
    }
    refused(
        "expected a finite metric or none, got NaN",
        () -> new RolesDocument.Pair(0, 0, Double.NaN, 0.0, Role.REFINER, null, 1));
    refused(
        "expected a finite z or none, got -Infinity",
        () -> new RolesDocument.Pair(0, 0, 0.0, -1 / 0.0, Role.REFINER, null, 1));
    refused(
        "expected metric and z both or neither, got 1.0 and null",
        () -> new RolesDocument.Pair(0, 0, 1.0, null, Role.REFINER, null, 1));
  }

  @Test
  void documentsThatContradictThemselves() {
    RolesDocument d = RolesFixtures.document(1);
    refused("/schemaVersion: expected 1 or 2, got 0", () -> with(d, 0, d.timestamp()));
    refused("/schemaVersion: expected 1 or 2, got 3", () -> with(d, 3, d.timestamp()));
    refused(
        "/classification: expected none in version 1, got one", () -> with(d, 1, d.timestamp()));
    refused("/timestamp: expected a time such as", () -> with(d, 2, "noon"));
    assertEquals(d, with(d, 2, d.timestamp()));
  }

  private static RolesDocument with(RolesDocument d, int version, String timestamp) {
    return new RolesDocument(
        version,
        timestamp,
        d.model(),
        d.calibration(),
        d.metric(),
        d.classification(),
        d.budget(),
        d.pairs(),
        d.software(),
        d.calibrations());
  }

  @Test
  void pairsOutsideTheModel() {
    for (LayerScale pair :
        List.of(
            new LayerScale(-1, 0),
            new LayerScale(2, 0),
            new LayerScale(0, -1),
            new LayerScale(0, 3))) {
      refused(
          "roles: layer below 2 and scale below 3 expected, got ",
          () -> RoleAssignment.of(2, 3, List.of(pair)));
    }
    assertTrue(RoleAssignment.of(2, 3, List.of(new LayerScale(1, 2))).isDrafter(1, 2));
    refused("roles: at least 1 layer", () -> RoleAssignment.of(0, 3, List.of()));
    refused("roles: at least 1 layer", () -> RoleAssignment.of(3, 0, List.of()));
    assertEquals(
        "roles: two assignments of one model expected, got 2 layers x 3 scales and 2 x 4",
        assertThrows(
                IllegalArgumentException.class,
                () -> roles(2, 3).jaccard(RoleAssignment.of(2, 4, List.of())))
            .getMessage());
    assertThrows(UnsupportedOperationException.class, () -> roles(2, 3).drafters().clear());
  }
}
