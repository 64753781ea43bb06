package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyContext;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.roles.CalibrationFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** From experiments to runs. */
final class ExperimentTest {
  private static final Path TABLE_1 = Path.of("experiments", "table1.yaml");

  private static Experiment expand(ExperimentSpec spec, Path file) {
    ModelConfig config =
        switch (spec.model().name()) {
          case "pocket", "pocket-l", "pocket-xl", "infinity-2b", "infinity-8b" ->
              ModelCatalog.config(spec.model().name());
          default ->
              ModelCatalog.read(
                  ExperimentSpec.resolve(spec.model().name(), file).resolve("config.json"));
        };
    boolean memory = spec.kind() == ExperimentSpec.Kind.MEMORY;
    String hash = memory ? null : "sha256:" + "a".repeat(64);
    return Experiment.expand(
        spec,
        file,
        new Experiment.ModelFacts(config, hash, hash, CalibrationFile.shipped(config.name())),
        Run.Nets.NONE);
  }

  private static Experiment expand(String yaml) {
    return expand(ExperimentSpec.parse(yaml, "s.yaml", false, null), TABLE_1);
  }

  private static String line(Experiment.Planned p) {
    Run c = p.run();
    return String.join(
        " | ",
        p.group(),
        p.label(),
        c.kind().key(),
        c.policy().name(),
        String.valueOf(c.policy().budget()),
        c.policy().budgetTokens() + " tokens",
        String.valueOf(c.distortion()),
        c.prompts().images() + " images");
  }

  /** A part of the shipped calibration changes only the runs whose policies need it. */
  @Test
  void aRunHashesThePartsThatItsPolicyNeeds() throws IOException {
    ModelConfig config = ModelCatalog.config("pocket");
    ModelSource shipped = new ModelSource.Shipped();
    Experiment.ModelFacts facts =
        new Experiment.ModelFacts(
            config,
            config.weightHash(shipped),
            config.tokenizerHash(shipped),
            CalibrationFile.shipped(config.name()));
    Path file = Path.of("experiments", "evidence", "who-wins.yaml");
    Experiment whoWins = Experiment.expand(ExperimentSpec.read(file), file, facts, Run.Nets.NONE);
    Map<String, String> hashes = new HashMap<>();
    for (Experiment.Planned p : whoWins.runs()) {
      if (p.run().calibration() instanceof Run.Calibration.Shipped own) {
        hashes.put(p.run().policy().name(), own.sha256());
      }
    }
    List<String> different =
        List.of(hashes.get("heatkv"), hashes.get("scalekv"), hashes.get("error-curve"));
    assertEquals(3, Set.copyOf(different).size(), "hashes of the parts that each policy needs");
    Map<String, Integer> tokens = new HashMap<>();
    for (Experiment.Planned p : whoWins.runs()) {
      tokens.put(p.label(), p.run().policy().budgetTokens());
    }
    assertEquals(27, tokens.get("snapkv at peak-10%"));
    assertEquals(27, tokens.get("heatkv at peak-10%"));
    assertTrue(tokens.get("error-curve at peak-10%") < 27, tokens::toString);
    // below its window at any budget that fits: the run will say so
    assertTrue(tokens.get("scalekv-released at peak-4%") <= 16, tokens::toString);
  }

  @Test
  void table1IsWhatItIs() throws IOException {
    Experiment table = expand(ExperimentSpec.read(TABLE_1), TABLE_1);
    String runs = table.runs().stream().map(ExperimentTest::line).collect(Collectors.joining("\n"));
    try (InputStream golden = ExperimentTest.class.getResourceAsStream("table1-runs.txt")) {
      String expected = new String(golden.readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(expected.strip(), runs);
    }
    // the same seed again is the run of the full cache
    assertEquals(table.runs().size() - 1, table.distinct().size());
    assertEquals(table.runs().get(0).id(), table.distinct().get(0).id());
  }

  static List<Path> experiments() throws IOException {
    try (Stream<Path> own = Files.list(Path.of("experiments"));
        Stream<Path> evidence = Files.list(Path.of("experiments", "evidence"));
        Stream<Path> findings = Files.list(Path.of("experiments", "findings"))) {
      return Stream.of(own, evidence, findings)
          .flatMap(files -> files)
          .filter(f -> f.toString().endsWith(".yaml"))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("experiments")
  void everyExperimentExpands(Path file) throws IOException {
    ExperimentSpec spec = ExperimentSpec.read(file);
    assertEquals(file.getFileName().toString(), spec.name() + ".yaml");
    for (ExperimentSpec version : List.of(spec, ExperimentSpec.read(file, true, null))) {
      Experiment experiment = expand(version, file);
      assertFalse(experiment.runs().isEmpty());
      long labels = experiment.runs().stream().map(c -> c.group() + c.label()).distinct().count();
      assertEquals(experiment.runs().size(), labels, "labels tell runs apart");
      assertEquals(
          experiment.distinct().stream().map(Experiment.Planned::id).toList(),
          expand(version, file).distinct().stream().map(Experiment.Planned::id).toList());
    }
  }

  private static final String IN_BYTES =
      """
      name: t
      model: pocket
      prompts: {file: calibration-prompts/scenes-10.txt}
      rows:
        - policy: scalekv
          budget: peak-10%
          calibration:
      """;

  /** A budget in bytes is the peak of the plan with the roles that the run draws. */
  @Test
  void bytesHoldWithRandomRoles() {
    List<Experiment.Planned> runs =
        expand(IN_BYTES + "      {roles: random, seed: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}\n").runs();
    assertEquals(10, runs.size());
    Geometry geometry = ModelCatalog.config("pocket").geometry();
    for (Experiment.Planned p : runs) {
      Run run = p.run();
      ScaleSchedule schedule = run.generation().maps();
      MemoryModel memory =
          run.generation()
              .drawing(0)
              .memory(geometry, CacheType.FP32, CacheType.FP32, run.generation().batch());
      int tokens = run.policy().budgetTokens();
      PolicyCalibration roles =
          RunCalibrations.random(
              (Run.Calibration.Random) run.calibration(), geometry.layers(), schedule, tokens);
      BudgetPlan plan =
          Policies.create(
                  PolicySpec.parse("scalekv"),
                  new PolicyContext(schedule, geometry, tokens, 0, roles))
              .plan();
      long equal = memory.peakBytes(BudgetPlan.uniform(schedule, geometry.layers(), 27));
      assertTrue(memory.peakBytes(plan) <= equal, p::label);
      assertTrue(tokens > 13, p::label); // the budget is used, not merely kept
    }
  }

  /** Calibrations from disjoint prompts are runs of their own, told apart by their first prompt. */
  @Test
  void calibrationsSkipPrompts() {
    String yaml =
        IN_BYTES.replace("peak-10%", "10%")
            + "      {prompts: {file: calibration-prompts/scenes-10.txt, skip: SKIP, limit: 2}}\n";
    List<Experiment.Planned> runs = expand(yaml.replace("SKIP", "[0, 2, 4]")).runs();
    assertEquals(
        List.of(
            "scalekv at 10% (from prompt 1)",
            "scalekv at 10% (from prompt 3)", "scalekv at 10% (from prompt 5)"),
        runs.stream().map(Experiment.Planned::label).toList());
    assertEquals(3, runs.stream().map(Experiment.Planned::id).distinct().count());
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> expand(yaml.replace("SKIP", "[0, 10]")));
    assertTrue(e.getMessage().contains("calibration/prompts/skip"), e.getMessage());
    assertTrue(e.getMessage().endsWith("got 10"), e.getMessage());
  }

  @Test
  void bytesNeedRolesThatAreKnown() {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                expand(
                    IN_BYTES
                        + "      {roles: measured,"
                        + " prompts: {file: calibration-prompts/scenes-10.txt}}\n"));
    assertTrue(e.getMessage().contains("scalekv"), e.getMessage());
    assertTrue(e.getMessage().contains("peak-10%"), e.getMessage());
  }

  @Test
  void theFullCacheHasNoBudget() {
    Experiment e =
        expand(
            """
            name: t
            model: pocket
            prompts: {file: calibration-prompts/scenes-10.txt}
            rows:
              - policy: [full, streaming-llm]
                budget: [20%, 10%]
                cfgBudgetSplit: [none, 5%]
            """);
    assertEquals(
        List.of(
            "full",
            "streaming-llm at 20%",
            "streaming-llm at 20% and 5%",
            "streaming-llm at 10%",
            "streaming-llm at 10% and 5%"),
        e.runs().stream().map(Experiment.Planned::label).toList());
    assertEquals(265, e.runs().get(0).run().policy().budgetTokens());
    assertEquals(13, e.runs().get(2).run().policy().unconditionalTokens());
  }

  @Test
  void promptsNotTheirFileDetermineTheId() throws IOException {
    String yaml =
        """
        name: t
        model: pocket
        prompts: {file: FILE, limit: 2}
        rows:
          - policy: full
        """;
    Path copy = Files.createTempFile("prompts", ".txt");
    List<String> lines = Files.readAllLines(Path.of("calibration-prompts", "scenes-10.txt"));
    Files.write(copy, lines);
    String here =
        expand(yaml.replace("FILE", "calibration-prompts/scenes-10.txt")).distinct().get(0).id();
    assertEquals(here, expand(yaml.replace("FILE", copy.toString())).distinct().get(0).id());
    Files.write(copy, lines.stream().map(l -> l.replace("small", "large")).toList());
    assertNotEquals(here, expand(yaml.replace("FILE", copy.toString())).distinct().get(0).id());
    Files.delete(copy);
  }

  @Test
  void theFirstPromptsCanBeLeftOut() throws IOException {
    String yaml =
        """
        name: t
        model: pocket
        prompts: {file: calibration-prompts/scenes-10.txt, LIMIT}
        rows:
          - policy: full
        """;
    List<String> all =
        expand(yaml.replace(", LIMIT", "")).prompts().all().values().iterator().next();
    assertEquals(
        all.subList(3, 5),
        expand(yaml.replace("LIMIT", "skip: 3, limit: 2"))
            .prompts()
            .all()
            .values()
            .iterator()
            .next());
    assertEquals(
        all.subList(8, 10),
        expand(yaml.replace("LIMIT", "skip: 8, limit: 9"))
            .prompts()
            .all()
            .values()
            .iterator()
            .next());
    assertEquals(
        expand(yaml.replace("LIMIT", "limit: 2")).distinct().get(0).id(),
        expand(yaml.replace("LIMIT", "skip: 0, limit: 2")).distinct().get(0).id());
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> expand(yaml.replace("LIMIT", "skip: 10")))
            .getMessage();
    assertTrue(message.endsWith("got 10"), message);
  }

  @Test
  void theUsersNetsAddTheirMetrics() {
    ExperimentSpec spec =
        ExperimentSpec.parse(
            """
            name: t
            model: pocket
            prompts: {file: calibration-prompts/scenes-10.txt}
            metrics: [psnr]
            rows:
              - policy: full
            """,
            "s.yaml",
            false,
            null);
    Experiment.ModelFacts facts =
        new Experiment.ModelFacts(
            ModelCatalog.config("pocket"), "random:1", "random:1", Optional.empty());
    Run.Nets nets = new Run.Nets(null, null, "lpips(alex)", "sha256:1", "-1..1", "sha256:2");
    Run run = Experiment.expand(spec, TABLE_1, facts, nets).runs().get(0).run();
    assertEquals(List.of("psnr", "lpips", "fid"), run.metrics());
    assertEquals("lpips(alex)", run.nets().lpips());
    assertEquals(null, run.nets().features());
    assertTrue(
        Experiment.expand(spec, TABLE_1, facts, Run.Nets.NONE).runs().stream()
            .allMatch(c -> c.run().nets() == null));
  }

  @Test
  void memoryNeedsNoWeights() throws IOException {
    Path file = Path.of("experiments", "table3.yaml");
    List<Experiment.Planned> runs = expand(ExperimentSpec.read(file), file).runs();
    assertEquals(6, runs.size());
    Run run = runs.get(1).run();
    assertEquals(650, run.policy().budgetTokens());
    RunExecutor.Context context =
        new RunExecutor.Context(
            "t",
            "d".repeat(64),
            "unknown",
            ResultFixtures.provenance().software(),
            ResultFixtures.provenance().machine(),
            Path.of("nowhere"),
            new PromptTexts(),
            Optional.empty(),
            UserNets.NONE);
    Experiment.Planned eight =
        runs.stream()
            .filter(c -> c.label().equals("scalekv at paper-10, batch 8"))
            .findFirst()
            .orElseThrow();
    try (RunExecutor runner = new RunExecutor(ModelCatalog.config("infinity-8b"), null, context)) {
      RunResult r = runner.run(eight.run(), null, RunListener.NONE);
      assertEquals(8531, r.memory().nominalKvBytes() >> 20, "MiB, table 1 of the paper");
      assertEquals(84328, r.memory().fullKvBytes() >> 20);
      assertEquals(RunJson.text(r), RunJson.text(RunJson.parse(RunJson.text(r), "r")));
    }
  }
}
