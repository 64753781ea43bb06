package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.HeatKvOrderFile;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.RolesFixtures;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoleSourceTest {
  /** 3 layers, 2 heads, maps of 1, 4, 9 and 16 tokens. */
  private static final CalibratedModel SMALL =
      new CalibratedModel("small", "unknown", 3, 2, ScaleSchedule.ofSides(1, 2, 3, 4));

  private static final String ORDER = "[[1,2],[0,1],[0,0],[1,0],[0,2],[1,1]]";

  @TempDir Path folder;

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void theContentTellsTheKind() throws IOException {
    Calibration document = RolesFixtures.calibration(4);
    assertEquals(
        RoleSource.Kind.ROLES, RoleSource.kind(file("a.json", CalibrationFile.text(document))));
    Path budgets = folder.resolve("b.json");
    ScaleKvBudgetFile.of(document.roles().assignment(), document.roles().plan()).write(budgets);
    assertEquals(RoleSource.Kind.SCALEKV, RoleSource.kind(budgets));
    assertEquals(RoleSource.Kind.HEATKV, RoleSource.kind(file("c.json", "[" + ORDER + "]")));
    assertEquals(
        RoleSource.Kind.HEATKV, RoleSource.kind(file("d.json", "{\"orders\": [" + ORDER + "]}")));
  }

  @Test
  void aCalibrationSaysEverything() {
    for (long seed = 0; seed < 6; seed++) {
      Calibration document = RolesFixtures.calibration(seed);
      RoleSource source = RoleSource.of("x", document);
      BudgetPlan plan = document.roles().plan();
      assertEquals("x", source.name());
      assertEquals(document.roles().assignment(), source.roles());
      assertEquals(document.roles().budgetTokens(), source.budget());
      int cut = plan.schedule().scales();
      for (int k = plan.schedule().scales() - 1; k >= 0; k--) {
        double mean = 0;
        for (int l = 0; l < plan.layers(); l++) {
          assertEquals(plan.tokens(k, l, 0), source.tokens()[k][l], 1e-9);
          mean += plan.tokens(k, l, 0) / (double) plan.layers();
          if (plan.tokens(k, l, 0) < plan.schedule().tokensBefore(k)) {
            cut = k;
          }
        }
        for (int l = 0; l < plan.layers(); l++) {
          double share = mean == 0 ? 1 : plan.tokens(k, l, 0) / mean;
          assertEquals(share, source.shares()[k][l], 1e-9);
        }
      }
      assertEquals(cut, source.firstCutScale());
    }
  }

  @Test
  void aBudgetFileSaysRolesAndTokens() throws IOException {
    Calibration document = RolesFixtures.calibration(5);
    Path file = folder.resolve("budgets.json");
    ScaleKvBudgetFile.of(document.roles().assignment(), document.roles().plan()).write(file);
    RoleSource source = RoleSource.ofScaleKv(file, document.model());
    assertEquals(file.toString(), source.name());
    assertEquals(document.model(), source.model());
    assertNull(source.z());
    int first = source.firstCutScale();
    for (int k = first; k < document.roles().plan().schedule().scales(); k++) {
      for (int l = 0; l < document.model().layers(); l++) {
        assertEquals(
            document.roles().assignment().role(l, k), source.roles().role(l, k), l + " at " + k);
        assertEquals(document.roles().plan().tokens(k, l, 0), source.tokens()[k][l], 1e-9);
      }
    }
    CalibratedModel deeper =
        new CalibratedModel("deeper", "unknown", 13, 4, document.model().schedule());
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> RoleSource.ofScaleKv(file, deeper));
    assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
    CalibratedModel shorter =
        new CalibratedModel("shorter", "unknown", 12, 4, ScaleSchedule.ofSides(1, 2, 4));
    e = assertThrows(IllegalArgumentException.class, () -> RoleSource.ofScaleKv(file, shorter));
    assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
  }

  @Test
  void ordersSayWhatTheirScheduleLeaves() throws IOException {
    int[] order = {4, 1, 0, 2, 3, 5};
    HeatKvOrders orders = new HeatKvOrders(1, 4, 3, 2, new int[][] {order, order});
    Path file = file("orders.json", HeatKvOrderFile.textWithMetadata(orders, SMALL));
    RoleSource source = RoleSource.ofHeatKv(file, SMALL, 6);
    assertNull(source.roles());
    assertNull(source.z());
    assertEquals(6, source.budget());
    assertEquals(4, source.tokens().length);
    assertArrayEquals(new double[] {0, 0, 0}, source.tokens()[0]);
    assertArrayEquals(new double[] {1, 1, 1}, source.tokens()[1]);
    assertArrayEquals(new double[] {1, 1, 1}, source.shares()[0], "nothing is shared out");
    double left = Arrays.stream(source.tokens()[3]).sum();
    assertTrue(left > 0 && left <= 6 * 3, left + " tokens of 18");
    int first = source.firstCutScale();
    assertTrue(first == 2 || first == 3, "scale " + first);
  }

  @Test
  void withoutACutThereIsNoFirstScale() {
    double[][] all = {{0}, {1}, {5}};
    CalibratedModel model =
        new CalibratedModel("m", "unknown", 1, 1, ScaleSchedule.ofSides(1, 2, 3));
    assertEquals(3, new RoleSource("n", model, null, null, 5, all).firstCutScale());
    double[][] cut = {{0}, {1}, {4}};
    assertEquals(2, new RoleSource("n", model, null, null, 5, cut).firstCutScale());
  }
}
