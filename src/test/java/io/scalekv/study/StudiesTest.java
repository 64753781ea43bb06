package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.Profiles;
import io.scalekv.profile.StatisticsFile;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationPart;
import io.scalekv.roles.HeatKvOrderFile;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.Roles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Studies of calibrations on made-up statistics. */
final class StudiesTest {
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 4, 6);
  private static final int LAYERS = 16;

  @TempDir Path folder;

  /** Statistics that rise with the layer, with noise per prompt. */
  private Path statistics(String name, int prompts, double noise, String seed) throws IOException {
    Random random = new Random(prompts);
    Path out = Files.createDirectories(folder.resolve(name));
    StatisticsFile.write(
        Profiles.of(
            LAYERS,
            2,
            SCHEDULE,
            prompts,
            true,
            (statistic, prompt, layer, scale, head) ->
                0.1 * (layer + 1)
                    + 0.01 * statistic.ordinal()
                    + noise * random.nextGaussian()
                    + (statistic == HeadStatistic.ENTROPY ? 1 : 0)),
        Map.of("model", "toy", "promptFile", "scenes.txt", "seed", seed),
        out.resolve("statistics.safetensors"));
    return out;
  }

  private Study.Answer answer(String study, int draws, Path... inputs) throws IOException {
    return Study.of(study)
        .answer(
            new Study.Request(
                List.of(inputs),
                LayerStatistic.CURRENT_RATIO,
                "rank",
                Budget.parse("10t"),
                draws,
                3,
                Study.Replay.DEFAULT));
  }

  private static List<Map<String, Object>> rows(Study.Answer answer, String table) {
    return answer.tables().stream()
        .filter(t -> t.name().equals(table))
        .findFirst()
        .orElseThrow()
        .rows();
  }

  @Test
  void studiesAreNamedOnceAndDescribed() {
    Set<String> names = new HashSet<>();
    for (Study s : Study.ALL) {
      assertTrue(names.add(s.name()));
      assertTrue(s.question().endsWith("?"), s.question());
      assertTrue(!s.inputs().isEmpty());
      assertEquals(s, Study.of(s.name()));
    }
    assertThrows(IllegalArgumentException.class, () -> Study.of("none"));
  }

  @Test
  void stabilityOfACalibrationAndItsVariations() throws IOException {
    Path base = statistics("base", 8, 0.02, "0");
    Path same = statistics("same", 8, 0.02, "0");
    Path other = statistics("other", 4, 0.3, "7");
    Study.Answer answer = answer("stability", 20, base, same, other);
    List<Map<String, Object>> convergence = rows(answer, "convergence");
    assertEquals(List.of(1L, 2L, 4L, 8L), convergence.stream().map(r -> r.get("prompts")).toList());
    assertEquals(1L, convergence.get(3).get("jaccard"));
    List<Map<String, Object>> variations = rows(answer, "variations");
    assertEquals("none", variations.get(0).get("factor"));
    assertEquals(1L, variations.get(0).get("jaccard"));
    assertEquals(1, ((Number) variations.get(0).get("zSpearman")).doubleValue(), 1e-12);
    assertEquals("prompts, seed", variations.get(1).get("factor"));
    assertEquals("8, 0", variations.get(1).get("base"));
    assertEquals("4, 7", variations.get(1).get("value"));
    List<Map<String, Object>> pairs = rows(answer, "pairs");
    assertTrue(pairs.size() > 0);
    for (Map<String, Object> p : pairs) {
      assertEquals(4L, p.get("scale"), "5 tokens before scale 3 fit the budget, 21 do not");
      assertEquals("6x6", p.get("map"));
      assertTrue(((Number) p.get("drafterProbability")).doubleValue() > 0);
    }
    assertEquals(
        List.of(
            "pairs.csv",
            "pairs.md",
            "convergence.csv",
            "convergence.md",
            "variations.csv",
            "variations.md",
            "probability.png",
            "probability.svg",
            "probability.pdf",
            "convergence-drafters.png",
            "convergence-drafters.svg",
            "convergence-drafters.pdf",
            "convergence-z.png",
            "convergence-z.svg",
            "convergence-z.pdf"),
        answer.write(folder.resolve("out")).stream().map(f -> f.getFileName().toString()).toList());
    assertEquals(
        "factor,base,value,drafters,jaccard,adjustedRand,zSpearman",
        Files.readAllLines(folder.resolve("out/variations.csv")).get(0));
    assertTrue(Files.readString(folder.resolve("out/probability.svg")).contains(">4 (6×6)<"));
  }

  @Test
  void onePromptHasNoProbabilities() throws IOException {
    Study.Answer answer = answer("stability", 20, statistics("one", 1, 0, "0"));
    assertEquals(List.of("pairs"), answer.tables().stream().map(ReportTable::name).toList());
    assertEquals(List.of(), answer.figures());
    assertThrows(
        IllegalArgumentException.class, () -> answer("stability", 0, folder.resolve("missing")));
  }

  @Test
  void classifiersOnTheSameStatistics() throws IOException {
    Study.Answer answer = answer("classifiers", 5, statistics("base", 4, 0.05, "0"));
    assertEquals(15, rows(answer, "agreement").size());
    List<Map<String, Object>> classifiers = rows(answer, "classifiers");
    assertEquals(6, classifiers.size());
    assertEquals("rank", classifiers.get(0).get("classifier"));
    String pairs = classifiers.get(0).get("pairs").toString();
    assertTrue(pairs.startsWith("layer") && pairs.contains(" at scale 4 (6×6)"), pairs);
    assertEquals(LAYERS, rows(answer, "pairs").size());
    Path out = folder.resolve("out");
    answer.write(out);
    assertEquals(1 + LAYERS, Files.readAllLines(out.resolve("pairs.csv")).size());
    assertTrue(Files.size(out.resolve("probability-k-means.png")) > 1000);
    assertEquals(
        answer.json(), answer("classifiers", 5, folder.resolve("base")).json(), "repeatable");
  }

  /** Two of ten pairs against four that hold them. */
  @Test
  void adjustedRandByHand() {
    RoleAssignment two =
        RoleAssignment.of(5, 3, List.of(new LayerScale(0, 1), new LayerScale(1, 1)));
    RoleAssignment four =
        RoleAssignment.of(
            5,
            3,
            List.of(
                new LayerScale(0, 1),
                new LayerScale(1, 1),
                new LayerScale(2, 1),
                new LayerScale(0, 2)));
    // Of 45 pairs of pairs, 29 together in the first, 21 in the second, 17 in both.
    double expected = 29.0 * 21 / 45;
    assertEquals(
        (17 - expected) / (25 - expected), PartitionAgreement.adjustedRand(two, four, 1), 1e-12);
    assertEquals(0.5, two.jaccard(four));
  }

  private Path roles(String name, LayerScale... drafters) throws IOException {
    RoleAssignment roles = RoleAssignment.of(LAYERS, 4, List.of(drafters));
    BudgetPlan plan = BudgetPlan.of(SCHEDULE, 10, roles.mask(), Allocation.parse("released"));
    Path file = folder.resolve(name);
    CalibrationFile.write(
        Calibration.empty(
                Instant.EPOCH,
                new CalibratedModel("toy", "unknown", LAYERS, 2, SCHEDULE),
                Map.of(),
                Map.of())
            .with(CalibrationPart.ROLES, Roles.imported(roles, plan)),
        file);
    return file;
  }

  @Test
  void agreementOfTwoRoleFiles() throws IOException {
    Path a = roles("a.json", new LayerScale(0, 3), new LayerScale(1, 3));
    Path b = roles("b.json", new LayerScale(1, 3), new LayerScale(2, 3));
    Study.Answer answer = answer("agreement", 0, a, b);
    Map<String, Object> all = last(answer);
    assertEquals(1 / 3.0, ((Number) all.get("jaccard")).doubleValue(), 1e-9);
    assertEquals(2L, all.get("draftersA"));
    assertEquals("4", rows(answer, "agreement").get(0).get("scale"));
    Path out = folder.resolve("out");
    answer.write(out);
    List<String> csv = Files.readAllLines(out.resolve("pairs.csv"));
    assertEquals("layer,scale,map,roleA,zA,tokensA,shareA,roleB,zB,tokensB,shareB", csv.get(0));
    assertTrue(csv.get(1).startsWith("0,4,6x6,drafter,n/a,"), csv.get(1));
    String svg = Files.readString(out.resolve("budgets.svg"));
    assertTrue(svg.contains(">AB<"), "drafter in both, the same tokens");
    assertTrue(svg.contains(">4 (6×6)<"));
    assertEquals(1L, last(answer("agreement", 0, a, a)).get("jaccard"));
  }

  private static Map<String, Object> last(Study.Answer answer) {
    List<Map<String, Object>> rows = rows(answer, "agreement");
    return rows.get(rows.size() - 1);
  }

  @Test
  void agreementWithOrdersOfHeatKv() throws IOException {
    Path a = roles("a.json", new LayerScale(0, 3));
    CalibratedModel model = CalibrationFile.read(a).model();
    Random random = new Random(1);
    double[][][] scores = new double[LAYERS][2][4];
    for (double[][] layer : scores) {
      for (double[] head : layer) {
        Arrays.setAll(head, s -> random.nextInt(100) / 100.0);
      }
    }
    Path orders = folder.resolve("orders.json");
    HeatKvOrderFile.write(HeatKvOrders.ofScores(scores, 1), model, true, orders);
    Map<String, Object> all = last(answer("agreement", 0, a, orders));
    assertEquals(null, all.get("jaccard"));
    double common = ((Number) all.get("commonTokens")).doubleValue();
    assertTrue(common > 0 && common <= 1);
    assertThrows(IllegalArgumentException.class, () -> answer("agreement", 0, orders, orders));
    assertThrows(IllegalArgumentException.class, () -> answer("agreement", 0, a));
  }
}
