package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CalibrationsTest {
  private static RolesDocument document() {
    return RolesFixtures.document(1);
  }

  private static double[] similarity() {
    return new Random(4).doubles(12).toArray();
  }

  private static double[][] variance() {
    double[][] table = new double[12][4];
    Random random = new Random(5);
    for (double[] row : table) {
      for (int h = 0; h < 4; h++) {
        row[h] = random.nextInt(3) == 0 ? 2 : random.nextDouble() * 1e-9;
      }
    }
    return table;
  }

  @Test
  void allOfThemComeBack() {
    RolesDocument base = document();
    HeatKvOrders orders = RolesFixtures.orders(new Random(6), 2, base.model());
    RolesDocument document =
        base.withCalibrations(
            Calibrations.of(base)
                .withHeatKv(orders)
                .withAmsKvSimilarity(similarity())
                .withHackVariance(variance()));
    String text = RolesJson.text(document);
    RolesDocument read = RolesJson.parse(text, "roles.json");
    assertEquals(document, read);
    assertEquals(text, RolesJson.text(read));
    Calibrations calibrations = Calibrations.of(read);
    assertEquals(orders, calibrations.heatKv().orElseThrow());
    assertArrayEquals(similarity(), calibrations.amsKvSimilarity().orElseThrow());
    assertArrayEquals(variance(), calibrations.hackVariance().orElseThrow());
    assertEquals(List.of("heatkv", "another", "amsKv", "hack"), calibrations.names());
    assertEquals(base.pairs(), read.pairs());
    // One order a line.
    assertTrue(text.lines().anyMatch(line -> line.matches(" {8}\\[(\\d+, ){47}\\d+\\],?")), text);
  }

  @Test
  void noneIsEmpty() {
    Calibrations none = Calibrations.none(document().model());
    assertEquals(List.of(), none.names());
    assertEquals(Optional.empty(), none.heatKv());
    assertEquals(Optional.empty(), none.amsKvSimilarity());
    assertEquals(Optional.empty(), none.hackVariance());
    assertTrue(none.toJson().isEmpty());
  }

  @Test
  void nothingIsShared() {
    Calibrations calibrations =
        Calibrations.none(document().model())
            .withAmsKvSimilarity(similarity())
            .withHackVariance(variance());
    calibrations.amsKvSimilarity().orElseThrow()[0] = 9;
    calibrations.hackVariance().orElseThrow()[0][0] = 9;
    calibrations.toJson().removeAll();
    assertArrayEquals(similarity(), calibrations.amsKvSimilarity().orElseThrow());
    assertArrayEquals(variance(), calibrations.hackVariance().orElseThrow());
    assertNotSame(calibrations.toJson(), calibrations.toJson());
  }

  @Test
  void whatDoesNotFitTheModelIsRefused() {
    RolesDocument.Model model = document().model();
    Calibrations none = Calibrations.none(model);
    RolesDocument.Model wider = new RolesDocument.Model("wide", "unknown", 12, 5, model.schedule());
    HeatKvOrders orders = RolesFixtures.orders(new Random(1), 3, wider);
    assertEquals(
        "calibrations: HeatKV orders of 12 layers x 4 heads and 7 scales expected, got 12 x 5"
            + " and 7",
        assertThrows(IllegalArgumentException.class, () -> none.withHeatKv(orders)).getMessage());
    assertEquals(
        "/calibrations/amsKv/similarity: expected 12 layers, got 11",
        assertThrows(IllegalArgumentException.class, () -> none.withAmsKvSimilarity(new double[11]))
            .getMessage());
    assertEquals(
        "/calibrations/hack/variance/0: expected 4 heads, got 3",
        assertThrows(IllegalArgumentException.class, () -> none.withHackVariance(new double[12][3]))
            .getMessage());
    double[] hole = similarity();
    hole[3] = Double.NaN;
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> none.withAmsKvSimilarity(hole))
            .getMessage()
            .startsWith("/calibrations/amsKv/similarity/3: expected a finite number, got"));
  }
}
