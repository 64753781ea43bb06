package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.PaperCsv;
import io.scalekv.cache.ScaleSchedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScaleKvBudgetFileTest {
  private static final ScaleSchedule MEGAPIXEL =
      ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64);

  @TempDir Path folder;

  private static ScaleKvBudgetFile released(String model) {
    TreeMap<Integer, ScaleKvBudgetFile.Row> rows = new TreeMap<>();
    for (List<String> runs : PaperCsv.rows("scalekv_released_budgets.csv")) {
      if (runs.get(0).equals(model)) {
        TreeSet<Integer> drafters = new TreeSet<>();
        for (String block : runs.get(2).split(";")) {
          drafters.add(Integer.parseInt(block));
        }
        rows.put(
            Integer.parseInt(runs.get(1)) - 1,
            new ScaleKvBudgetFile.Row(
                drafters,
                Integer.parseInt(runs.get(3)),
                Integer.parseInt(runs.get(4)),
                Integer.parseInt(runs.get(5))));
      }
    }
    return new ScaleKvBudgetFile(model.equals("Infinity-2B") ? 32 : 40, rows);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Infinity-2B", "Infinity-8B"})
  void theReleasedDraftersGiveTheReleasedFile(String model) throws IOException {
    ScaleKvBudgetFile file = released(model);
    RoleAssignment roles = file.assignment(13);
    BudgetPlan plan = BudgetPlan.of(MEGAPIXEL, 650, roles.mask(), new Allocation.Released());
    assertEquals(file, ScaleKvBudgetFile.of(roles, plan));
    assertEquals(plan, file.plan(MEGAPIXEL));
    Path path = folder.resolve("budgets.json");
    file.write(path);
    assertEquals(file, ScaleKvBudgetFile.read(path));
  }

  @Test
  void theTextHasTheReleasedKeys() {
    String text = released("Infinity-2B").text();
    assertTrue(text.startsWith("{\n  \"Scale 9\": {\n    \"Block 0\": 1,\n    \"Block 1\": 0,\n"));
    assertTrue(
        text.endsWith(
            "    \"Block 31\": 0,\n    \"High\": 1,\n    \"Max\": 6385,\n    \"Min\": 465,\n"
                + "    \"Limit\": 6404\n  }\n}\n"));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void anyPlanByRolesComesBack(long seed) {
    Random random = new Random(seed);
    int layers = 1 + random.nextInt(20);
    int[] sides = new int[2 + random.nextInt(7)];
    for (int k = 0; k < sides.length; k++) {
      sides[k] = 1 + random.nextInt(2 + 2 * k);
    }
    ScaleSchedule schedule = ScaleSchedule.ofSides(sides);
    int budget = 1 + random.nextInt(schedule.historyTokens());
    List<LayerScale> drafters = new ArrayList<>();
    for (int k = BudgetPlan.firstCutScale(schedule, budget); k < sides.length; k++) {
      for (int l = 0; l < layers; l++) {
        if (random.nextInt(4) == 0) {
          drafters.add(new LayerScale(l, k));
        }
      }
    }
    RoleAssignment roles = RoleAssignment.of(layers, sides.length, drafters);
    for (String name : List.of("released", "paper")) {
      BudgetPlan plan = BudgetPlan.of(schedule, budget, roles.mask(), Allocation.parse(name));
      ScaleKvBudgetFile file = ScaleKvBudgetFile.of(roles, plan);
      if (file.rows().isEmpty()) {
        continue;
      }
      ScaleKvBudgetFile read = ScaleKvBudgetFile.parse(file.text(), "budgets.json");
      assertEquals(file, read);
      assertEquals(plan, read.plan(schedule, budget));
      assertEquals(roles, read.assignment(sides.length));
    }
  }

  @Test
  void aPlanThatIsNotByRolesIsRefused() {
    ScaleSchedule schedule = ScaleSchedule.ofSides(2, 2, 2);
    BudgetPlan plan =
        BudgetPlan.ofTokens(schedule, 4, new int[][] {{0, 0, 0}, {4, 4, 4}, {5, 4, 3}});
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class,
            () -> ScaleKvBudgetFile.of(RoleAssignment.of(3, 3, List.of()), plan));
    assertEquals(
        "scale 3, layer 1 must have 5 tokens as other refiners, got 4", error.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> ScaleKvBudgetFile.of(RoleAssignment.of(2, 3, List.of()), plan));
  }

  @Test
  void aFileOfAnotherScheduleIsRefused() {
    ScaleKvBudgetFile file = released("Infinity-2B");
    assertThrows(IllegalArgumentException.class, () -> file.plan(RolesFixtures.POCKET));
    assertThrows(IllegalArgumentException.class, () -> file.assignment(7));
    assertThrows(IllegalArgumentException.class, () -> file.plan(MEGAPIXEL, 649));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [] | b.json
          {} | b.json
          {"scale 9": {"Block 0": 1}} | b.json: key
          {"Scale 0": {"Block 0": 1}} | b.json: key
          {"Scale 9": 3} | b.json: /Scale 9
          {"Scale 9": {}} | b.json: /Scale 9
          {"Scale 9": {"Block 0": 1, "High": 1, "Max": 5, "Min": 5}} | b.json: /Scale 9/Limit
          {"Scale 9": {"Block 0": 2, "High": 1, "Max": 5, "Min": 5, "Limit": 5}} | b.json: /Scale 9/Block 0
          {"Scale 9": {"Block 0": true, "High": 1, "Max": 5, "Min": 5, "Limit": 5}} | b.json: /Scale 9/Block 0
          {"Scale 9": {"Block 1": 1, "High": 1, "Max": 5, "Min": 5, "Limit": 5}} | b.json: /Scale 9/Block 1
          {"Scale 9": {"Block 0": 1, "High": 0, "Max": 5, "Min": 5, "Limit": 5}} | b.json: /Scale 9/High
          {"Scale 9": {"Block 0": 1, "High": 1, "Max": 6, "Min": 5, "Limit": 5}} | b.json: Scale 9: Max
          {"Scale 9": {"Block 0": 1, "High": 1, "Max": 5.5, "Min": 5, "Limit": 5}} | b.json: /Scale 9/Max
          {"Scale 9": {"Block 0": 1, "High": 1, "Max": -5, "Min": 5, "Limit": 5}} | b.json: /Scale 9/Max
          {"Scale 9": {"Block 0": 1, "High": 1, "Max": 99999999999, "Min": 5, "Limit": 5}} | b.json: /Scale 9/Max
          {"Scale 9": {"Block 0": 1, "Low": 1}} | b.json: /Scale 9/Low
          """)
  void badFiles(String text, String message) {
    refused(message, text);
  }

  @Test
  void rowsMustFit() {
    String row = "{\"Block 0\": 1, \"High\": 1, \"Max\": 5, \"Min\": 5, \"Limit\": 5}";
    String wide =
        "{\"Block 0\": 1, \"Block 1\": 0, \"High\": 1, \"Max\": 5, \"Min\": 5, \"Limit\": 5}";
    refused("b.json: scales", "{\"Scale 6\": " + row + ", \"Scale 8\": " + row + "}");
    refused("b.json: /Scale 7/Block 1", "{\"Scale 6\": " + row + ", \"Scale 7\": " + wide + "}");
    refused("b.json: line 1", "{\"Scale 6\": " + row + ", \"Scale 6\": " + row + "}");
    assertThrows(
        IllegalArgumentException.class, () -> new ScaleKvBudgetFile(0, new TreeMap<>(Map.of())));
  }

  private static ScaleKvBudgetFile.Row row(int max, int min, int limit, Integer... drafters) {
    return new ScaleKvBudgetFile.Row(new TreeSet<>(List.of(drafters)), max, min, limit);
  }

  private static String refusedRows(int layers, Map<Integer, ScaleKvBudgetFile.Row> rows) {
    return assertThrows(
            IllegalArgumentException.class,
            () -> new ScaleKvBudgetFile(layers, new TreeMap<>(rows)))
        .getMessage();
  }

  @Test
  void rowsThatCannotBe() {
    assertTrue(refusedRows(0, Map.of()).startsWith("layers"));
    assertTrue(refusedRows(2, Map.of(-1, row(0, 0, 0))).endsWith("got 0"));
    assertTrue(refusedRows(2, Map.of(0, row(0, 0, 0, 2))).endsWith("got 2"));
    assertTrue(refusedRows(2, Map.of(0, row(0, 0, 0, 0, -1))).endsWith("got -1"));
    assertTrue(refusedRows(2, Map.of(0, row(0, -1, 0))).startsWith("Scale 1: Min"));
    assertTrue(refusedRows(2, Map.of(0, row(6, 0, 5))).startsWith("Scale 1: Max"));
    assertTrue(refusedRows(2, Map.of(0, row(-1, 0, 5))).startsWith("Scale 1: Max"));
    ScaleKvBudgetFile least =
        new ScaleKvBudgetFile(2, new TreeMap<>(Map.of(3, row(0, 0, 0, 0, 1), 4, row(5, 0, 5))));
    assertEquals(2, least.rows().size());
  }

  /** The budget that a file keeps to is the largest mean, rounded up, and at least 1. */
  @Test
  void theSmallestBudgetOfAFile() {
    ScaleSchedule schedule = ScaleSchedule.ofSides(2, 2, 2);
    ScaleKvBudgetFile file = new ScaleKvBudgetFile(3, new TreeMap<>(Map.of(2, row(7, 3, 8, 1))));
    // 4 tokens at scale 1; 7 + 3 + 3 of 8 at scale 2: 13 / 3, rounded up.
    assertEquals(5, file.plan(schedule).budget());
    assertEquals(7, file.plan(schedule).tokens(2, 1));
    assertEquals(3, file.plan(schedule).tokens(2, 2));
    assertEquals(
        4,
        new ScaleKvBudgetFile(3, new TreeMap<>(Map.of(2, row(6, 3, 8, 1))))
            .plan(schedule)
            .budget());
    ScaleKvBudgetFile none = new ScaleKvBudgetFile(1, new TreeMap<>());
    assertEquals(1, none.plan(ScaleSchedule.ofSides(1)).budget());
    assertEquals(8, none.plan(schedule).budget(), "nothing is cut without rows");
  }

  /** Rows without drafters name the refiners' tokens twice, and rows without refiners too. */
  @Test
  void rowsOfOneRole() {
    ScaleSchedule schedule = ScaleSchedule.ofSides(2, 2, 2);
    BudgetPlan plan = BudgetPlan.uniform(schedule, 2, 5);
    ScaleKvBudgetFile none = ScaleKvBudgetFile.of(RoleAssignment.of(2, 3, List.of()), plan);
    assertEquals(Map.of(2, row(5, 5, 8)), none.rows());
    RoleAssignment all =
        RoleAssignment.of(2, 3, List.of(new LayerScale(0, 2), new LayerScale(1, 2)));
    assertEquals(Map.of(2, row(5, 5, 8, 0, 1)), ScaleKvBudgetFile.of(all, plan).rows());
    assertThrows(
        IllegalArgumentException.class,
        () -> ScaleKvBudgetFile.of(RoleAssignment.of(2, 2, List.of()), plan));
  }

  private static void refused(String message, String text) {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> ScaleKvBudgetFile.parse(text, "b.json"));
    assertTrue(error.getMessage().startsWith(message), error.getMessage());
    assertEquals(1, error.getMessage().lines().count(), error.getMessage());
  }
}
