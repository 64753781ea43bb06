package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.ErrorCurves;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

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

  private static ErrorCurves errorCurves(RolesDocument.Model model) {
    Random random = new Random(8);
    ScaleSchedule schedule = new ScaleSchedule(model.schedule());
    int maps = schedule.scales();
    int[][] tokens = new int[maps][];
    double[][][][] error = new double[maps][model.layers()][model.heads()][];
    float[][][][] importance = new float[maps][model.layers()][model.heads()][];
    for (int k = 0; k < maps; k++) {
      int all = schedule.tokensBefore(k);
      tokens[k] = k == 0 ? new int[0] : new int[] {0, all};
      for (int l = 0; l < model.layers(); l++) {
        for (int h = 0; h < model.heads(); h++) {
          error[k][l][h] =
              random.ints(tokens[k].length, 0, 400).mapToDouble(i -> i / 4.0).toArray();
          importance[k][l][h] = new float[all];
          for (int j = 0; j < all; j++) {
            importance[k][l][h][j] = random.nextInt(1000) / 1000f;
          }
        }
      }
    }
    double[] sensitivity = random.ints(model.layers(), 1, 9).mapToDouble(i -> i).toArray();
    return new ErrorCurves(tokens, error, importance, sensitivity);
  }

  @Test
  void errorCurvesComeBack() {
    RolesDocument base = document();
    ErrorCurves curves = errorCurves(base.model());
    Calibrations with = Calibrations.of(base).withErrorCurves(curves);
    RolesDocument document = base.withCalibrations(with);
    RolesDocument read = RolesJson.parse(RolesJson.text(document), "roles.json");
    assertEquals(RolesJson.text(document), RolesJson.text(read));
    assertEquals(curves, Calibrations.of(read).errorCurves().orElseThrow());
    assertEquals(Calibrations.of(base).names(), with.withoutErrorCurves().names());
    assertEquals(Optional.empty(), Calibrations.of(base).errorCurves());
  }

  private static String errorOf(Consumer<ObjectNode> change) {
    RolesDocument base = document();
    ObjectNode curves =
        (ObjectNode)
            Calibrations.of(base)
                .withErrorCurves(errorCurves(base.model()))
                .toJson()
                .get("errorCurves");
    change.accept(curves);
    return assertThrows(
            IllegalArgumentException.class, () -> Calibrations.of(base).withErrorCurves(curves))
        .getMessage();
  }

  @Test
  void badErrorCurvesAreRefusedInOneLine() {
    assertEquals(
        "/calibrations/errorCurves/tokens: expected an array, got nothing",
        errorOf(c -> c.remove("tokens")));
    assertEquals(
        "/calibrations/errorCurves/sensitivity: expected 12 layers, got 1",
        errorOf(c -> c.putArray("sensitivity").add(1)));
    assertEquals(
        "/calibrations/errorCurves/tokens/1/0: expected 0 to 1, got -1",
        errorOf(c -> ((ArrayNode) c.get("tokens").get(1)).set(0, -1)));
    assertEquals(
        "/calibrations/errorCurves/error/1/0/2/1: expected a finite number of at least 0, got"
            + " \"x\"",
        errorOf(c -> ((ArrayNode) c.get("error").get(1).get(0).get(2)).set(1, "x")));
    assertEquals(
        "/calibrations/errorCurves/importance/2/3: expected 4 heads, got 3",
        errorOf(c -> ((ArrayNode) c.get("importance").get(2).get(3)).remove(0)));
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
