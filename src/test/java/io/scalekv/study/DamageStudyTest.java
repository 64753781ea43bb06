package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.ResultFixtures;
import io.scalekv.experiment.ResultFolder;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import io.scalekv.model.ModelChoice;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.Profiles;
import io.scalekv.profile.StatisticsFile;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationPart;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RoleStatistics;
import io.scalekv.roles.Roles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Study of damage on results whose damage is known. */
final class DamageStudyTest {
  private static final int LAYERS = 6;
  private static final int PROMPTS = 3;
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16);
  private static final String WEIGHTS = "sha256:" + "a".repeat(64);

  @TempDir Path folder;

  /** Share of bits that differ: another order of the layers at every scale. */
  private static double damage(int layer, int scale) {
    return 0.01 * (1 + (layer * 5 + scale) % LAYERS) + 0.001 * scale;
  }

  private static RunResult result(String policy, int tokens, double bits, boolean identical) {
    Run like = ResultFixtures.run(policy, "10%", tokens);
    Run run =
        new Run(
            like.kind(),
            like.model(),
            like.generation(),
            new Run.Prompts("b".repeat(64), PROMPTS, 1, 0),
            like.policy(),
            null,
            null,
            List.of("psnr", "bits"),
            null,
            null);
    List<RunResult.Image> images = new ArrayList<>();
    for (int p = 0; p < PROMPTS; p++) {
      boolean same = identical && p == 0;
      double of = same ? 0 : bits * (1 + 0.01 * (p - 1));
      double db = same ? Double.POSITIVE_INFINITY : -10 * Math.log10(0.1 * of);
      images.add(RunResult.Image.of(p, 0, same, Map.of("psnr", db, "bits", 1 - of)));
    }
    RunResult model = ResultFixtures.result(policy, "10%", tokens, 20);
    return new RunResult(
        RunResult.SCHEMA_VERSION,
        run.id(),
        run,
        model.provenance(),
        model.memory(),
        null,
        Map.of(),
        model.bitAgreementByMap(),
        List.of(),
        images,
        null);
  }

  private static Path write(Path folder, List<RunResult> results) throws IOException {
    new ExperimentFile(
            ExperimentFile.SCHEMA_VERSION,
            "layers",
            "Layers",
            io.scalekv.experiment.ExperimentSpec.Kind.FIDELITY,
            new ModelChoice("pocket", null, null),
            false,
            "name: layers",
            "d".repeat(64),
            "scenes.txt",
            "b".repeat(64),
            "0123456789abcdef",
            results.stream()
                .map(
                    r ->
                        new ExperimentFile.Row(
                            "layers", r.run().policy().name(), r.run().policy().name(), r.id()))
                .toList(),
            Map.of("b".repeat(64), List.of("a", "b", "c")))
        .write(folder);
    for (RunResult r : results) {
      new ResultFolder(folder).write(r);
    }
    return folder;
  }

  private Path pairs(Predicate<String> wanted) throws IOException {
    List<RunResult> results = new ArrayList<>();
    for (int k = 4; k < 7; k++) {
      for (int l = 0; l < LAYERS; l++) {
        String policy = "one-layer:layer=" + l + ",scale=" + (k + 1);
        if (wanted.test(policy)) {
          results.add(result(policy, 27, damage(l, k), l == 0 && k == 6));
        }
      }
    }
    return write(folder.resolve("pairs"), results);
  }

  private Path layers(int tokens) throws IOException {
    List<RunResult> results = new ArrayList<>();
    for (int l = 0; l < LAYERS; l++) {
      results.add(result("one-layer:layer=" + l, tokens, 0.01 * (l + 1), false));
    }
    return write(folder.resolve("layers"), results);
  }

  /** The attention on the current map goes with the damage; so does ASI, all else being equal. */
  private Path calibration(String weights, ScaleSchedule schedule) throws IOException {
    Path out = Files.createDirectories(folder.resolve("calibration"));
    AttentionProfile profile =
        Profiles.of(
            LAYERS,
            4,
            schedule,
            2,
            false,
            (statistic, prompt, layer, scale, head) ->
                switch (statistic) {
                  case CURRENT_MASS -> 0.1 + damage(layer, scale);
                  case ENTROPY -> (layer * 7 + scale) % 5 / 10.0;
                  default -> 0.5;
                });
    StatisticsFile.write(profile, Map.of("model", "pocket"), out.resolve("statistics.safetensors"));
    ClassifiedRoles roles =
        RoleClassifier.of("rank", OptionalInt.of(1), 0)
            .classify(
                RoleStatistics.ofAll(
                    LayerStatistics.of(profile), LayerStatistic.ASI, 4, List.of()));
    Allocation released = Allocation.parse("released");
    BudgetPlan plan = BudgetPlan.of(schedule, 27, roles.assignment().mask(), released);
    CalibrationFile.write(
        Calibration.empty(
                Instant.EPOCH,
                new CalibratedModel("pocket", weights, LAYERS, 4, schedule),
                Map.of("prompts", "10", "promptFile", "scenes-10.txt"),
                Map.of())
            .with(CalibrationPart.ROLES, Roles.of(roles, "5%", null, "10%", released, plan)),
        out.resolve("roles.json"));
    return out;
  }

  private Study.Answer run(Path... inputs) throws IOException {
    return Study.of("damage")
        .answer(
            new Study.Request(
                List.of(inputs),
                LayerStatistic.ASI,
                "rank",
                Budget.parse("10%"),
                0,
                0,
                Study.Replay.DEFAULT));
  }

  @Test
  void pairsAndLayersAgainstEveryStatistic() throws IOException {
    Study.Answer answer = run(calibration(WEIGHTS, SCHEDULE), pairs(p -> true), layers(27));
    ReportTable shown = answer.tables().get(0);
    List<Map<String, Object>> lines = shown.rows();
    List<String> levels = lines.stream().map(r -> r.get("level").toString()).distinct().toList();
    assertEquals(List.of("within-scale", "layers"), levels);
    Map<String, Object> asi = line(lines, "within-scale", "asi");
    assertEquals(1L, asi.get("rho"), "refiners lose more");
    assertEquals("yes", asi.get("lowMeansDrafter"));
    assertEquals(18L, asi.get("n"));
    Map<String, Object> entropy = line(lines, "within-scale", "entropy");
    assertTrue(Math.abs(((Number) entropy.get("rho")).doubleValue()) < 1);
    assertEquals((long) LAYERS, line(lines, "layers", "asi").get("n"));
    assertTrue(
        lines.stream().noneMatch(r -> r.get("statistic").equals("distance")),
        "constant: no correlation");
    assertTrue(shown.notes().contains("Largest damage: layer 1 at scale 7 (16×16)."));
    List<Path> files = answer.write(folder.resolve("out"));

    Path out = folder.resolve("out");
    List<String> damage = Files.readAllLines(out.resolve("damage.csv"));
    assertEquals(1 + LAYERS + 18, damage.size());
    String[] first = damage.get(1 + LAYERS).split(",");
    assertEquals("0", first[0]);
    assertEquals("5", first[1], "scales count from 1");
    assertEquals(damage(0, 4), Double.parseDouble(first[2]), 1e-7);
    String[] identical = damage.get(1 + LAYERS + 12).split(",");
    assertEquals("1", identical[6], "one of three images is identical");
    assertEquals(2 * damage(0, 6) * 1.005 / 3, Double.parseDouble(identical[2]), 1e-7);
    assertTrue(Files.readString(out.resolve("damage.md")).contains("| 5 (8×8) "));
    assertTrue(Files.readString(out.resolve("damage.svg")).contains(">7 (16×16)<"));
    for (Path file : files) {
      assertTrue(Files.size(file) > 0, file.toString());
    }
  }

  @Test
  void wholeLayersAlone() throws IOException {
    ReportTable shown = run(layers(27), calibration(WEIGHTS, SCHEDULE)).tables().get(0);
    assertTrue(shown.rows().stream().allMatch(r -> r.get("level").equals("layers")));
    assertTrue(shown.notes().stream().noneMatch(n -> n.startsWith("Largest damage")));
  }

  private static Map<String, Object> line(
      List<Map<String, Object>> lines, String level, String statistic) {
    return lines.stream()
        .filter(r -> r.get("level").equals(level) && r.get("statistic").equals(statistic))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void refusesInputsThatDoNotBelongTogether() throws IOException {
    Path whole = layers(27);
    Path all = pairs(p -> true);
    refused("e".repeat(64), whole, calibration("sha256:" + "e".repeat(64), SCHEDULE));
    refused("17x17", whole, calibration(WEIGHTS, ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 17)));
    Path calibration = calibration(WEIGHTS, SCHEDULE);
    refused("second folder", all, all, calibration);
    refused("27 tokens like the first, got 11", all, layers(11), calibration);
    refused("of layer 2", pairs(p -> !p.equals("one-layer:layer=2,scale=6")), calibration);
    Path none = write(folder.resolve("none"), List.of(result("snapkv", 27, 0.1, false)));
    refused("one-layer", none, calibration);
    refused("one calibration folder", whole, whole);
    StatisticsFile.write(
        Profiles.random(1, LAYERS, 4, SCHEDULE, 2),
        Map.of(),
        calibration.resolve("statistics.safetensors"));
    refused("roles.json", layers(27), calibration);
  }

  private void refused(String value, Path... inputs) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> run(inputs));
    assertTrue(e.getMessage().contains(value), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }
}
