package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.Cell;
import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.ModelChoice;
import io.scalekv.experiment.ResultFixtures;
import io.scalekv.experiment.ResultFolder;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.LayerRoles;
import io.scalekv.roles.Orientation;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** damage as users type it, on results whose damage is known. */
final class DamageCommandTest {
  private static final int LAYERS = 6;
  private static final int PROMPTS = 3;
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16);
  private static final String WEIGHTS = "sha256:" + "a".repeat(64);

  @TempDir Path folder;

  /** Share of bits that differ: another order of the layers at every scale. */
  private static double damage(int layer, int scale) {
    return 0.01 * (1 + (layer * 5 + scale) % LAYERS) + 0.001 * scale;
  }

  private static CellResult result(String policy, int tokens, double bits, boolean identical) {
    Cell like = ResultFixtures.cell(policy, "10%", tokens);
    Cell cell =
        new Cell(
            like.kind(),
            like.model(),
            like.generation(),
            new Cell.Prompts("b".repeat(64), PROMPTS, 1, 0),
            like.policy(),
            null,
            null,
            List.of("psnr", "bits"),
            null,
            null);
    List<CellResult.Image> images = new ArrayList<>();
    for (int p = 0; p < PROMPTS; p++) {
      boolean same = identical && p == 0;
      double of = same ? 0 : bits * (1 + 0.01 * (p - 1));
      double db = same ? Double.POSITIVE_INFINITY : -10 * Math.log10(0.1 * of);
      images.add(CellResult.Image.of(p, 0, same, Map.of("psnr", db, "bits", 1 - of)));
    }
    CellResult model = ResultFixtures.result(policy, "10%", tokens, 20);
    return new CellResult(
        CellResult.SCHEMA_VERSION,
        cell.id(),
        cell,
        model.provenance(),
        model.memory(),
        null,
        Map.of(),
        model.bitAgreementByMap(),
        List.of(),
        images,
        null);
  }

  private static Path write(Path folder, List<CellResult> results) throws IOException {
    new ExperimentFile(
            ExperimentFile.SCHEMA_VERSION,
            "layers",
            "Layers",
            "fidelity",
            new ModelChoice("pocket", null, null),
            false,
            "name: layers",
            "d".repeat(64),
            "scenes.txt",
            "b".repeat(64),
            "0123456789abcdef",
            results.stream()
                .map(r -> new ExperimentFile.Row("layers", r.cell().policy().name(), r.id()))
                .toList(),
            Map.of("b".repeat(64), List.of("a", "b", "c")))
        .write(folder);
    for (CellResult r : results) {
      new ResultFolder(folder).write(r);
    }
    return folder;
  }

  private Path pairs(Predicate<String> wanted) throws IOException {
    List<CellResult> results = new ArrayList<>();
    for (int k = 4; k < 7; k++) {
      for (int l = 0; l < LAYERS; l++) {
        String policy = "one-layer:layer=" + l + ",scale=" + k;
        if (wanted.test(policy)) {
          results.add(result(policy, 27, damage(l, k), l == 0 && k == 6));
        }
      }
    }
    return write(folder.resolve("pairs"), results);
  }

  private Path layers(int tokens) throws IOException {
    List<CellResult> results = new ArrayList<>();
    for (int l = 0; l < LAYERS; l++) {
      results.add(result("one-layer:layer=" + l, tokens, 0.01 * (l + 1), false));
    }
    return write(folder.resolve("layers"), results);
  }

  /** ASI goes with the damage, the error of the cut too, which is the opposite for the roles. */
  private Path calibration(String weights, ScaleSchedule schedule) throws IOException {
    Path out = Files.createDirectories(folder.resolve("calibration"));
    int scales = schedule.scales();
    double[][] asi = new double[LAYERS][scales];
    StringBuilder csv = new StringBuilder("branch,layer,head,scale,statistic,mean,std,n\n");
    for (int l = 0; l < LAYERS; l++) {
      for (int k = 0; k < scales; k++) {
        asi[l][k] = 0.1 + damage(l, k);
        csv.append(row(l, "metric", k, "asi", asi[l][k]));
        csv.append(row(l, "metric", k, "distance", 0.3));
        csv.append(row(l, "all", k, "current-mass", (l * 7 + k) % 5 / 10.0));
        if (k > 3) {
          csv.append(row(l, "metric", k, "cut-error", 3 * damage(l, k)));
        }
      }
    }
    Files.writeString(out.resolve("profile.csv"), csv);
    LayerRoles roles = LayerRoles.of("asi", asi, Orientation.LOWEST, 4, 1);
    BudgetPlan plan =
        BudgetPlan.of(schedule, 27, roles.assignment().mask(), Allocation.parse("released"));
    RolesJson.write(
        RolesDocument.of(
            Instant.EPOCH,
            new RolesDocument.Model("pocket", weights, LAYERS, 4, schedule.maps()),
            new RolesDocument.Calibration("scenes-10.txt", "1b".repeat(32), 10, 0, 3, 1, 0.97, 64),
            new ClassifiedRoles(roles, "rank", new TreeMap<>(), new TreeMap<>()),
            null,
            "5%",
            "10%",
            "released",
            plan,
            new RolesDocument.Software("17", "0", "0", "2"),
            null),
        out.resolve("roles.json"));
    return out;
  }

  private static String row(int layer, String head, int scale, String statistic, double value) {
    return "conditional,%d,%s,%d,%s,%s,n/a,1\n".formatted(layer, head, scale, statistic, value);
  }

  private Said run(Object... words) {
    List<Object> all = new ArrayList<>(List.of("damage", "--out", folder.resolve("out")));
    all.addAll(List.of(words));
    return Said.of(all.toArray());
  }

  @Test
  void pairsAndLayersAgainstEveryFeature() throws IOException {
    Path calibration = calibration(WEIGHTS, SCHEDULE);
    Said said = run(pairs(p -> true), layers(27), "--calibration", calibration, "--json");
    assertEquals(0, said.code(), said.err());
    JsonNode json = said.json();
    assertEquals(18, json.get("pairs").asInt());
    assertEquals("within-scale", json.get("level").asString());
    assertEquals(3, json.get("lines").size(), "distance is constant: no correlation");
    for (JsonNode line : json.get("lines")) {
      double expected =
          switch (line.get("feature").asString()) {
            case "asi" -> 1; // refiners lose more
            case "cut-error" -> -1; // its drafters do
            default -> line.get("rho").asDouble();
          };
      assertEquals(expected, line.get("rho").asDouble(), 1e-12);
      assertEquals(
          !line.get("feature").asString().equals("current-mass"), line.get("oriented").asBoolean());
    }
    assertEquals("1@6", json.get("drafters").asString());

    Path out = folder.resolve("out");
    List<String> damage = Files.readAllLines(out.resolve("damage.csv"));
    assertEquals(1 + LAYERS + 18, damage.size());
    String[] first = damage.get(1 + LAYERS).split(",");
    assertEquals("0", first[0]);
    assertEquals("4", first[1]);
    assertEquals(damage(0, 4), Double.parseDouble(first[2]), 1e-7);
    assertEquals(0.1 * damage(0, 4), Double.parseDouble(first[5]), 1e-7);
    String[] identical = damage.get(1 + LAYERS + 12).split(",");
    assertEquals("1", identical[9], "one of three images is identical");
    assertEquals(2 * damage(0, 6) * 1.005 / 3, Double.parseDouble(identical[2]), 1e-7);
    List<String> correlations = Files.readAllLines(out.resolve("correlations.csv"));
    // 3 measures; layers, within, z, values, 3 scales; 4 features
    assertEquals(1 + 3 * 7 * 4, correlations.size());
    assertTrue(correlations.stream().anyMatch(c -> c.startsWith("bits,layers,asi,yes,")));
    String text = Files.readString(out.resolve("correlations.md"));
    assertTrue(text.contains("| cut-error "), text);
    assertTrue(ImageIO.read(out.resolve("damage.png").toFile()).getWidth() > 1200);
    assertTrue(Files.readString(out.resolve("damage.svg")).contains("do roles tell"));
    Said plain = run(folder.resolve("pairs"), "--calibration", calibration);
    assertTrue(plain.out().contains("scalekv:drafters="), plain.out());
  }

  @Test
  void wholeLayersAlone() throws IOException {
    Said said = run(layers(27), "--calibration", calibration(WEIGHTS, SCHEDULE), "--json");
    assertEquals(0, said.code(), said.err());
    assertEquals("layers", said.json().get("level").asString());
    assertTrue(said.json().get("drafters").isNull());
  }

  @Test
  void whatDoesNotBelongTogetherIsRefused() throws IOException {
    Path whole = layers(27);
    Path all = pairs(p -> true);
    refused(
        "weights of",
        run(whole, "--calibration", calibration("sha256:" + "e".repeat(64), SCHEDULE)));
    refused(
        "a calibration of maps",
        run(
            whole,
            "--calibration",
            calibration(WEIGHTS, ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 17))));
    Path calibration = calibration(WEIGHTS, SCHEDULE);
    refused("expected, got another", run(all, all, "--calibration", calibration));
    refused("a budget of 27 tokens", run(all, layers(11), "--calibration", calibration));
    refused(
        "of layer 2",
        run(pairs(p -> !p.equals("one-layer:layer=2,scale=5")), "--calibration", calibration));
    Path none = write(folder.resolve("none"), List.of(result("snapkv", 27, 0.1, false)));
    refused("cells of policy one-layer expected", run(none, "--calibration", calibration));
    refused("got none with roles.json", run(whole, "--calibration", whole));
    Files.writeString(
        calibration.resolve("profile.csv"),
        Files.readString(calibration.resolve("profile.csv")).replace(",asi,0.1", ",asi,0.2"));
    refused("as in roles.json expected", run(layers(27), "--calibration", calibration));
  }

  private static void refused(String why, Said said) {
    assertEquals(2, said.code(), said.out() + said.err());
    assertTrue(said.err().contains(why), said.err());
    assertEquals(1, said.err().lines().count(), said.err());
  }
}
