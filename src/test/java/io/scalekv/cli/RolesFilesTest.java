package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.PaperCsv;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.ModelCatalog;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationPart;
import io.scalekv.roles.HeatKvOrderFile;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Role files in and out, as users type it. */
final class RolesFilesTest {
  @TempDir Path folder;

  private static ScaleSchedule megapixel() {
    return ModelCatalog.config("infinity-2b").schedule(Optional.empty(), 1);
  }

  private static Said done(Object... words) {
    Said said = Said.of(words);
    assertEquals(0, said.code(), said.err());
    return said;
  }

  private void refused(String part, Object... words) {
    Said said = Said.of(words);
    assertEquals(2, said.code(), said.err());
    assertEquals("", said.out());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(part), () -> part + " expected in: " + said.err());
    assertFalse(Files.exists(folder.resolve("out")));
  }

  /** The plan that the released drafters get, as a file. */
  private static ScaleKvBudgetFile released(String model) {
    List<LayerScale> drafters = new ArrayList<>();
    for (List<String> row : PaperCsv.rows("scalekv_released_budgets.csv")) {
      if (row.get(0).equals(model)) {
        for (String block : row.get(2).split(";")) {
          drafters.add(new LayerScale(Integer.parseInt(block), Integer.parseInt(row.get(1)) - 1));
        }
      }
    }
    RoleAssignment roles = RoleAssignment.of(model.equals("Infinity-2B") ? 32 : 40, 13, drafters);
    return ScaleKvBudgetFile.of(
        roles, BudgetPlan.of(megapixel(), 650, roles.mask(), new Allocation.Released()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Infinity-2B", "Infinity-8B"})
  void theReleasedBudgetsComeBack(String model) throws IOException {
    Path budgets = folder.resolve("budgets.json");
    released(model).write(budgets);
    Path roles = folder.resolve("roles.json");
    Path again = folder.resolve("again.json");
    String name = model.toLowerCase(Locale.ROOT);
    JsonNode report =
        done(
                "roles",
                "import",
                budgets,
                "--format",
                "scalekv",
                "--model",
                name,
                "--out",
                roles,
                "--json")
            .json();
    assertEquals(650, report.get("budgetTokens").asInt());
    done("roles", "export", roles, "--format", "scalekv", "--out", again);
    assertEquals(Files.readString(budgets), Files.readString(again));

    Calibration document = CalibrationFile.read(roles);
    assertTrue(document.source().isEmpty());
    assertEquals(name, document.model().name());
    assertEquals("imported", document.roles().statistics().name());
    JsonNode file = JsonMapper.shared().readTree(Files.readString(again));
    int rows = 0;
    for (List<String> row : PaperCsv.rows("scalekv_released_budgets.csv")) {
      if (row.get(0).equals(model)) {
        rows++;
        JsonNode scale = file.get("Scale " + row.get(1));
        assertEquals(Integer.parseInt(row.get(3)), scale.get("Max").asInt());
        assertEquals(Integer.parseInt(row.get(4)), scale.get("Min").asInt());
        assertEquals(Integer.parseInt(row.get(5)), scale.get("Limit").asInt());
        List<String> blocks = List.of(row.get(2).split(";"));
        assertEquals(blocks.size(), scale.get("High").asInt());
        for (int l = 0; l < document.model().layers(); l++) {
          boolean drafter = blocks.contains(String.valueOf(l));
          assertEquals(drafter ? 1 : 0, scale.get("Block " + l).asInt());
          int k = Integer.parseInt(row.get(1)) - 1;
          assertEquals(
              Integer.parseInt(row.get(drafter ? 3 : 4)), document.roles().plan().tokens(k, l));
        }
      }
    }
    assertEquals(5, rows);
    // Scales that are not in the file hold everything.
    for (int k = 0; k < 8; k++) {
      assertEquals(megapixel().tokensBefore(k), document.roles().plan().tokens(k, 7));
    }
    assertTrue(done("roles", "show", roles).out().contains("parts: roles"));
    assertEquals(
        1.0, done("roles", "diff", roles, roles, "--json").json().get("jaccard").asDouble());
  }

  private static CalibratedModel twoB() {
    return new CalibratedModel("infinity-2b", "unknown", 32, 16, megapixel());
  }

  private static HeatKvOrders orders(CalibratedModel model, int sinks, long seed) {
    Random random = new Random(seed);
    double[][][] scores = new double[model.layers()][model.heads()][model.scales()];
    for (double[][] layer : scores) {
      for (double[] head : layer) {
        for (int s = 0; s < head.length; s++) {
          head[s] = random.nextInt(100) / 100.0;
        }
      }
    }
    return HeatKvOrders.ofScores(scores, sinks);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void ordersComeBack(boolean metadata) throws IOException {
    HeatKvOrders orders = orders(twoB(), 3, 1);
    Path file = folder.resolve("orders.json");
    HeatKvOrderFile.write(orders, twoB(), metadata, file);
    Path roles = folder.resolve("roles.json");
    Path again = folder.resolve("again.json");
    done("roles", "import", file, "--format", "heatkv", "--model", "infinity-2b", "--out", roles);
    Calibration document = CalibrationFile.read(roles);
    assertEquals(orders, document.find(CalibrationPart.HEATKV).orElseThrow());
    assertEquals(List.of("heatkv"), document.names());
    List<Object> export =
        new ArrayList<>(List.of("roles", "export", roles, "--format", "heatkv", "--out", again));
    if (metadata) {
      export.add("--with-metadata");
    }
    done(export.toArray());
    assertEquals(Files.readString(file), Files.readString(again));
    assertTrue(done("roles", "show", roles).out().contains("heatkv"));
    refused(
        "missing roles",
        "roles",
        "export",
        roles,
        "--format",
        "scalekv",
        "--out",
        folder.resolve("out"));
  }

  @Test
  void filesOfOtherProjectsAreComparedWithOurs() throws IOException {
    Path budgets = folder.resolve("budgets.json");
    Path first = folder.resolve("first.json");
    Path second = folder.resolve("second.json");
    released("Infinity-2B").write(budgets);
    HeatKvOrderFile.write(orders(twoB(), 3, 1), twoB(), false, first);
    HeatKvOrderFile.write(orders(twoB(), 3, 2), twoB(), true, second);
    JsonNode mixed =
        done("roles", "diff", budgets, first, "--model", "infinity-2b", "--json").json();
    assertTrue(mixed.get("jaccard").isNull());
    assertEquals(9, mixed.get("draftersA").asInt());
    assertTrue(mixed.get("draftersB").isNull());
    assertEquals(9, mixed.get("firstCutScale").asInt());
    double common = mixed.get("commonTokens").asDouble();
    assertTrue(common > 0.5 && common < 1, () -> "common tokens " + common);
    JsonNode orders =
        done("roles", "diff", first, second, "--model", "infinity-2b", "--json").json();
    assertTrue(orders.get("commonTokens").asDouble() > 0.5);
    assertEquals(0, orders.get("changes").size());

    String shipped = done("roles", "diff", "shipped", "shipped", "--model", "pocket").out();
    assertTrue(shipped.contains("1.000"), shipped);
    refused("out", "roles", "diff", folder.resolve("out"), "shipped");
    refused(
        "no calibration comes with", "roles", "diff", "shipped", budgets, "--model", "infinity-2b");
    refused("got 32", "roles", "diff", "shipped", budgets);
  }

  @Test
  void ordersJoinARoleFile() throws IOException {
    Path budgets = folder.resolve("budgets.json");
    Path roles = folder.resolve("roles.json");
    Path file = folder.resolve("orders.json");
    Path both = folder.resolve("both.json");
    released("Infinity-2B").write(budgets);
    done(
        "roles",
        "import",
        budgets,
        "--format",
        "scalekv",
        "--model",
        "infinity-2b",
        "--out",
        roles);
    HeatKvOrders orders = orders(twoB(), 2, 2);
    HeatKvOrderFile.write(orders, twoB(), false, file);
    refused(
        "9 elements",
        "roles",
        "import",
        file,
        "--format",
        "heatkv",
        "--roles",
        roles,
        "--out",
        folder.resolve("out"));
    done(
        "roles",
        "import",
        file,
        "--format",
        "heatkv",
        "--roles",
        roles,
        "--sink-scales",
        2,
        "--out",
        both);
    Calibration before = CalibrationFile.read(roles);
    Calibration after = CalibrationFile.read(both);
    assertEquals(before.roles().plan(), after.roles().plan());
    assertEquals(before.timestamp(), after.timestamp());
    assertEquals(orders, after.find(CalibrationPart.HEATKV).orElseThrow());
    Path again = folder.resolve("again.json");
    done("roles", "export", both, "--format", "scalekv", "--out", again);
    assertEquals(Files.readString(budgets), Files.readString(again));
    assertEquals(
        orders,
        HeatKvOrderFile.parse(
            HeatKvOrderFile.bareText(orders), "orders", after.model(), OptionalInt.of(2)));
  }

  @Test
  void whatCannotBeIsRefused() throws IOException {
    Path out = folder.resolve("out");
    Path budgets = folder.resolve("budgets.json");
    released("Infinity-2B").write(budgets);
    refused(
        "must be 40",
        "roles",
        "import",
        budgets,
        "--format",
        "scalekv",
        "--model",
        "infinity-8b",
        "--out",
        out);
    refused(
        "--format scalekv",
        "roles",
        "import",
        budgets,
        "--format",
        "heatkv",
        "--model",
        "infinity-2b",
        "--out",
        out);
    refused("got kv", "roles", "import", budgets, "--format", "kv", "--out", out);
    refused(
        "--format heatkv",
        "roles",
        "import",
        budgets,
        "--format",
        "scalekv",
        "--sink-scales",
        3,
        "--out",
        out);
    refused("out", "roles", "import", out, "--format", "scalekv", "--out", out);
    Path roles = folder.resolve("roles.json");
    done(
        "roles",
        "import",
        budgets,
        "--format",
        "scalekv",
        "--model",
        "infinity-2b",
        "--out",
        roles);
    refused("missing heatkv", "roles", "export", roles, "--format", "heatkv", "--out", out);
    refused(
        "--with-metadata",
        "roles",
        "export",
        roles,
        "--format",
        "scalekv",
        "--with-metadata",
        "--out",
        out);
    refused("subcommand", "roles");
    Path pocket = folder.resolve("pocket.json");
    Files.writeString(
        pocket,
        "{\"Scale 6\": {\"Block 0\": 1, \"High\": 1, \"Max\": 5, \"Min\": 5, \"Limit\": 5}}");
    refused("must be 12", "roles", "import", pocket, "--format", "scalekv", "--out", out);
    ScaleSchedule seven = ModelCatalog.config("pocket").schedule(Optional.empty(), 1);
    assertEquals(7, seven.scales());
    StringBuilder row = new StringBuilder("{");
    for (int l = 0; l < 12; l++) {
      row.append("\"Block ").append(l).append("\": 0, ");
    }
    row.append("\"High\": 0, \"Max\": 5, \"Min\": 5, \"Limit\": 5}");
    Files.writeString(pocket, "{\"Scale 6\": " + row + "}");
    refused("Scale 7", "roles", "import", pocket, "--format", "scalekv", "--out", out);
  }
}
