package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CacheType;
import io.scalekv.model.ModelChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Experiments as they are written. */
final class ExperimentSpecTest {
  private static final String GOOD =
      """
      name: table
      model: pocket
      prompts: {file: prompts.txt, limit: 8}
      rows:
        - policy: full
          calibration:
            statistic: asi
            topK: 3
            prompts: {file: prompts.txt, limit: [1, 2]}
      """;

  @TempDir Path folder;

  private static ExperimentSpec parse(String yaml) {
    return ExperimentSpec.parse(yaml, "s.yaml", false, null);
  }

  private static ExperimentSpec small(String yaml) {
    return ExperimentSpec.parse(yaml, "s.yaml", true, null);
  }

  @Test
  void oneValueStandsForAListOfOneAndListsAreMultipliedOut() {
    ExperimentSpec spec = parse(GOOD);
    List<ExperimentSpec.Setting> settings = spec.rows().get(0).settings();
    assertEquals(
        List.of(1, 2), settings.stream().map(s -> s.calibration().prompts().limit()).toList());
    ExperimentSpec.Setting first = settings.get(0);
    assertEquals("full", first.policy().toString());
    assertEquals("10%", first.budget().toString());
    assertEquals(null, first.split());
    assertEquals(CacheType.FP32, first.valueType());
    assertEquals(ExperimentSpec.Source.MEASURED, first.calibration().roles());
    assertEquals("asi", first.calibration().statistic());
    assertEquals("3", first.calibration().topK());
    assertEquals(ModelChoice.of("pocket"), spec.model());
    assertNull(spec.generation().topP(), "the model's own");
    assertEquals(8, spec.batch());
    assertEquals("table", spec.title());
    String shipped =
        GOOD.replaceAll("(?s)calibration:.*", "calibration: [shipped, {roles: random}]\n");
    assertEquals(
        List.of(ExperimentSpec.Source.SHIPPED, ExperimentSpec.Source.RANDOM),
        parse(shipped).rows().get(0).settings().stream()
            .map(s -> s.calibration().roles())
            .toList());
  }

  @Test
  void theLastListChangesFastest() {
    String yaml =
        GOOD.replaceAll(
            "(?s)- policy.*",
            "- {policy: [h2o, snapkv], budget: [20%, 10%], cfgBudgetSplit: [none, 5%]}\n");
    assertEquals(
        List.of(
            "h2o 20% null",
            "h2o 20% 5%",
            "h2o 10% null",
            "h2o 10% 5%",
            "snapkv 20% null",
            "snapkv 20% 5%",
            "snapkv 10% null",
            "snapkv 10% 5%"),
        parse(yaml).rows().get(0).settings().stream()
            .map(s -> s.policy() + " " + s.budget() + " " + s.split())
            .toList());
  }

  @Test
  void anotherModelReplacesTheExperimentsOwn() {
    ModelChoice other = new ModelChoice("pocket-l", "weights", null);
    assertEquals(other, ExperimentSpec.parse(GOOD, "s", false, other).model());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          name: table    | nam: table          | /nam: no such key; did you mean name?
          policy: full   | polcy: full         | /rows/0/polcy: no such key; did you mean policy?
          topK: 3        | topk: 3             | /rows/0/calibration/0/topk: no such key; did you mean topK?
          limit: 8       | limits: 8           | /prompts/limits: no such key; did you mean limit?
          name: table    | other: 1            | /other: no such key; known are name, title
          model: pocket  | model: [1]          | /model must be of type
          limit: 8       | limit: 0            | /prompts/limit must be at least 1, got 0
          policy: full   | policy: 'Full Size' | /rows/0/policy/0: policy
          policy: full   | {policy: full, budget: 10} | /rows/0/budget/0: budget
          policy: full   | {policy: full, budget: 10x} | /rows/0/budget/0: budget
          policy: full   | {policy: full, keyType: fp16} | /rows/0/keyType/0 must be one of
          policy: full   | {policy: full, size: 1M} | /rows/0/size must be none for fidelity
          statistic: asi | statistic: asl      | /rows/0/calibration/0/statistic/0:
          statistic: asi | roles: random       | /rows/0/calibration/0/prompts must be none
          name: table    | name: ../table      | /name must be text like
          model: pocket  | model: {name: p, weights: w, randomWeights: 1} | /model must be weights or
          name: table    | {name: a, name: b}  | line
          """)
  void whatIsWrongIsSaidInOneLine(String part, String instead, String message) {
    String text = GOOD.replace(part, instead);
    if (instead.startsWith("{policy")) {
      text = GOOD.replaceAll("(?s)- policy.*", "- " + instead + "\n");
    } else if (instead.startsWith("{")) {
      text = instead;
    }
    String yaml = text;
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> parse(yaml));
    assertTrue(e.getMessage().startsWith("s.yaml: " + message), e.getMessage());
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          policy: [full, scalekv]         | /rows/0/policy must be full for attention
          {policy: full, metrics: psnr}   | /rows/0/metrics must be none for attention
          {policy: full, batch: 2}        | /rows/0/batch must be none for attention
          {policy: full, size: 1M}        | /rows/0/size must be none for attention
          """)
  void attentionIsOfTheFullCache(String row, String message) {
    String yaml =
        """
        name: a
        kind: attention
        model: pocket
        prompts: {file: prompts.txt}
        rows:
          - %s
        """;
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> parse(yaml.formatted(row)));
    assertTrue(e.getMessage().startsWith("s.yaml: " + message), e.getMessage());
    assertEquals(ExperimentSpec.Kind.ATTENTION, parse(yaml.formatted("policy: full")).kind());
  }

  @Test
  void promptsBelongToKindsThatDraw() {
    String none = GOOD.replaceFirst("prompts: \\{file: prompts.txt, limit: 8}\n", "");
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> parse(none))
            .getMessage()
            .startsWith("s.yaml: /prompts must be a value"));
    assertThrows(IllegalArgumentException.class, () -> parse(GOOD + "kind: memory\n"));
    assertEquals(ExperimentSpec.Kind.MEMORY, parse(none + "kind: memory\n").kind());
    assertThrows(
        IllegalArgumentException.class, () -> parse(none + "kind: memory\nbaselines: repeat\n"));
  }

  @Test
  void aPolicyThatDoesNotExistIsFoundBeforeAnythingRuns() {
    String yaml = GOOD.replace("policy: full", "policy: [full, fulll]");
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> parse(yaml));
    assertTrue(e.getMessage().startsWith("s.yaml: /rows/0/policy/1: "), e.getMessage());
    assertTrue(e.getMessage().endsWith("got fulll"), e.getMessage());
  }

  @Test
  void theSmallVersionIsSmaller() {
    ExperimentSpec small =
        small(GOOD + "quick: {limit: 3, seeds: 2, batch: 1, calibrationLimit: 1}\n");
    assertEquals(3, small.prompts().limit());
    assertEquals(2, small.seeds());
    assertEquals(1, small.batch());
    assertTrue(small.quick());
    assertEquals(
        List.of(1),
        small.rows().get(0).settings().stream()
            .map(s -> s.calibration().prompts().limit())
            .toList());
    assertEquals(parse(GOOD).rows(), small(GOOD).rows());
    assertEquals(8, small(GOOD + "quick: {limit: 100}\n").prompts().limit());
  }

  @Test
  void filesAreFoundAboveTheExperiment() throws IOException {
    Path spec = Files.createDirectories(folder.resolve("a/b")).resolve("s.yaml");
    Path prompts = Files.writeString(folder.resolve("prompts.txt"), "x");
    assertEquals(prompts, ExperimentSpec.resolve("prompts.txt", spec));
    Path nearer = Files.writeString(folder.resolve("a/prompts.txt"), "x");
    assertEquals(nearer, ExperimentSpec.resolve("prompts.txt", spec));
    assertEquals(
        Path.of("no-such-file-anywhere"), ExperimentSpec.resolve("no-such-file-anywhere", spec));
  }
}
