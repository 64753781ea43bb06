package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.ErrorCurves;
import io.scalekv.io.Json;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
  void errorCurvesThatDoNotFitTheMaps() {
    String at = "/calibrations/errorCurves/";
    assertEquals(
        at + "tokens: expected 7 maps, got 6",
        errorOf(c -> ((ArrayNode) c.get("tokens")).remove(6)));
    assertEquals(
        at + "tokens/3: expected an array, got 3",
        errorOf(c -> ((ArrayNode) c.get("tokens")).set(3, 3)));
    assertEquals(
        at + "tokens/0/0: expected 0 to 0, got 1",
        errorOf(c -> ((ArrayNode) c.get("tokens").get(0)).add(1)));
    assertEquals(
        at + "tokens/0: expected nothing, got an array of 1 elements",
        errorOf(c -> ((ArrayNode) c.get("tokens").get(0)).add(0)));
    // Map 2 reads 5 tokens: 0, …, 5, ascending.
    assertEquals(
        at + "tokens/2/1: expected 1 to 5, got 6",
        errorOf(c -> ((ArrayNode) c.get("tokens").get(2)).set(1, 6)));
    assertEquals(
        at + "tokens/2/1: expected 1 to 5, got 0",
        errorOf(c -> ((ArrayNode) c.get("tokens").get(2)).set(1, 0)));
    assertEquals(
        at + "tokens/2/1: expected 1 to 5, got 1.5",
        errorOf(c -> ((ArrayNode) c.get("tokens").get(2)).set(1, 1.5)));
    for (int[] points : new int[][] {{}, {0}, {5}, {1, 5}, {0, 4}}) {
      assertEquals(
          at + "tokens/2: expected 0 to 5, got an array of " + points.length + " elements",
          errorOf(
              c -> {
                ArrayNode list = ((ArrayNode) c.get("tokens").get(2)).removeAll();
                for (int point : points) {
                  list.add(point);
                }
              }));
    }
    assertEquals(
        at + "error/2/0/0: expected 3 points, got 2",
        errorOf(c -> ((ArrayNode) c.get("tokens").get(2)).insert(1, 3)));
    assertEquals(
        at + "importance/6: expected 12 layers, got 11",
        errorOf(c -> ((ArrayNode) c.get("importance").get(6)).remove(0)));
    assertEquals(
        at + "importance: expected 7 maps, got 8",
        errorOf(c -> ((ArrayNode) c.get("importance")).add(0)));
    assertEquals(
        at + "importance/1/2/3/0: expected a finite number of at least 0, got -0.5",
        errorOf(c -> ((ArrayNode) c.get("importance").get(1).get(2).get(3)).set(0, -0.5)));
    assertEquals(
        at + "sensitivity/4: expected a finite number of at least 0, got \"NaN\"",
        errorOf(c -> ((ArrayNode) c.get("sensitivity")).set(4, Double.NaN)));
  }

  /** Four digits are kept, so a number moves by at most 5 in the fifth. */
  @Test
  void numbersOfErrorCurvesAreRounded() {
    RolesDocument base = document();
    ErrorCurves curves = errorCurves(base.model());
    double[] exact = new Random(9).doubles(12, 0, 900).toArray();
    exact[0] = 0;
    exact[1] = 0.12345;
    ErrorCurves fine = new ErrorCurves(curves.tokens(), curves.error(), curves.importance(), exact);
    Calibrations with = Calibrations.of(base).withErrorCurves(fine);
    double[] kept = with.errorCurves().orElseThrow().sensitivity();
    for (int l = 0; l < 12; l++) {
      assertEquals(exact[l], kept[l], 0.00051 * exact[l]);
      String digits = Double.toString(kept[l]).replaceAll("E.*|[.]|^[0.]+", "");
      assertTrue(digits.length() <= 5, kept[l] + "");
    }
    assertEquals(
        kept[5],
        with.withErrorCurves(with.errorCurves().orElseThrow())
            .errorCurves()
            .orElseThrow()
            .sensitivity()[5]);
    assertTrue(with.errorCurvesText().orElseThrow().contains("\"sensitivity\": ["));
    assertEquals(Optional.empty(), with.withoutErrorCurves().errorCurvesText());
  }

  private static String refused(RolesDocument.Model model, String json) {
    ObjectNode tree = (ObjectNode) Json.parse(json, "c.json");
    return assertThrows(IllegalArgumentException.class, () -> Calibrations.of(model, tree))
        .getMessage();
  }

  /** What a schema would have said before, said by the reader alone. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"heatkv": 3} | heatkv: expected an object, got 3
          {"amsKv": []} | amsKv: expected an object, got an array of 0 elements
          {"hack": null} | hack: expected an object, got null
          {"errorCurves": "x"} | errorCurves: expected an object, got "x"
          {"heatkv": {}} | heatkv/sinkScales: expected 0..5, got nothing
          {"heatkv": {"sinkScales": 1.5}} | heatkv/sinkScales: expected 0..5, got 1.5
          {"heatkv": {"sinkScales": 6}} | heatkv/sinkScales: expected 0..5, got 6
          {"heatkv": {"sinkScales": -1}} | heatkv/sinkScales: expected 0..5, got -1
          {"heatkv": {"sinkScales": 5}} | heatkv/orders: expected an array, got nothing
          {"heatkv": {"sinkScales": 5, "orders": [7]}} | heatkv/orders/0: expected an array, got 7
          {"heatkv": {"sinkScales": 5, "orders": [[0, 0.5]]}} | heatkv/orders/0/1: expected a whole number, got 0.5
          {"heatkv": {"sinkScales": 5, "orders": []}} | heatkv/orders: expected 1 orders (maps 5 to 5), got 0
          {"amsKv": {}} | amsKv/similarity: expected an array, got nothing
          {"amsKv": {"similarity": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, "x"]}} | amsKv/similarity/11: expected a finite number, got "x"
          {"hack": {"variance": 1}} | hack/variance: expected an array, got 1
          {"hack": {"variance": [[1, 2, 3, 4]]}} | hack/variance: expected 12 layers, got 1
          """)
  void whatIsWrongIsNamed(String json, String message) {
    assertEquals("/calibrations/" + message, refused(document().model(), json));
  }

  @Test
  void aModelOfOneScaleHasNoOrders() {
    RolesDocument.Model one =
        new RolesDocument.Model("one", "unknown", 1, 1, ScaleSchedule.ofSides(3).maps());
    assertEquals(
        "/calibrations/heatkv/sinkScales: expected at least 2 scales, got 0",
        refused(one, "{\"heatkv\": {\"sinkScales\": 0}}"));
  }

  @Test
  void ordersMustFitTheModel() {
    RolesDocument.Model model = document().model();
    Calibrations none = Calibrations.none(model);
    RolesDocument.Model deeper = new RolesDocument.Model("m", "unknown", 13, 4, model.schedule());
    RolesDocument.Model fewer =
        new RolesDocument.Model(
            "m", "unknown", 12, 4, ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12).maps());
    for (RolesDocument.Model other : List.of(deeper, fewer)) {
      HeatKvOrders orders = RolesFixtures.orders(new Random(1), 2, other);
      assertThrows(IllegalArgumentException.class, () -> none.withHeatKv(orders));
    }
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
