package io.scalekv.experiment;

import static io.scalekv.io.Messages.assertNames;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
            metric: asi
            topK: 3
            prompts: {file: prompts.txt, limit: [1, 2]}
      """;

  @TempDir Path folder;

  @Test
  void oneValueStandsForAListOfOne() {
    ExperimentSpec spec = ExperimentSpec.parse(GOOD, "s.yaml");
    ExperimentSpec.Row row = spec.rows().get(0);
    assertEquals(List.of("full"), row.policy());
    assertEquals(List.of("10%"), row.budget());
    ExperimentSpec.Calibration recipe = row.calibration().get(0);
    assertEquals("measured", recipe.roles());
    assertEquals(List.of("asi"), recipe.metric());
    assertEquals(List.of("3"), recipe.topK());
    assertEquals(List.of(1, 2), recipe.prompts().limit());
    assertEquals(new ModelChoice("pocket", null, null), spec.model());
    assertEquals(0.97, spec.generation().topP());
    String shipped =
        GOOD.replaceAll("(?s)calibration:.*", "calibration: [shipped, {roles: random}]\n");
    assertEquals(
        List.of("shipped", "random"),
        ExperimentSpec.parse(shipped, "s.yaml").rows().get(0).calibration().stream()
            .map(ExperimentSpec.Calibration::roles)
            .toList());
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
          model: pocket  | model: [1]          | /model
          limit: 8       | limit: 0            | /prompts/limit … got 0
          policy: full   | policy: 'Full Size' | /rows/0/policy/0 … Full Size
          policy: full   | {policy: full, budget: 10} | /rows/0/budget/0
          policy: full   | {policy: full, budget: 10x} | /rows/0/budget/0 … 10x
          policy: full   | {policy: full, keyType: fp16} | /rows/0/keyType/0
          policy: full   | {policy: full, size: 1M} | /rows/0/size
          metric: asi    | metric: asl         | /rows/0/calibration/0/metric/0
          metric: asi    | roles: random       | /rows/0/calibration/0/prompts
          name: table    | name: ../table      | /name
          model: pocket  | model: {name: p, weights: w, randomWeights: 1} | /model
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
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> ExperimentSpec.parse(yaml, "s.yaml"));
    assertNames("s.yaml: " + message, e);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          policy: [full, scalekv]         | /rows/0/policy … got full, scalekv
          {policy: full, metrics: psnr}   | /rows/0/metrics
          {policy: full, batch: 2}        | /rows/0/batch
          {policy: full, size: 1M}        | /rows/0/size
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
        assertThrows(
            IllegalArgumentException.class,
            () -> ExperimentSpec.parse(yaml.formatted(row), "s.yaml"));
    assertNames("s.yaml: " + message, e);
    assertEquals(
        ExperimentSpec.ATTENTION,
        ExperimentSpec.parse(yaml.formatted("policy: full"), "s.yaml").kind());
  }

  @Test
  void promptsBelongToKindsThatDraw() {
    String none = GOOD.replaceFirst("prompts: \\{file: prompts.txt, limit: 8}\n", "");
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> ExperimentSpec.parse(none, "s"))
            .getMessage()
            .contains("/prompts"));
    assertThrows(
        IllegalArgumentException.class, () -> ExperimentSpec.parse(GOOD + "kind: memory\n", "s"));
    assertEquals("memory", ExperimentSpec.parse(none + "kind: memory\n", "s").kind());
    assertThrows(
        IllegalArgumentException.class,
        () -> ExperimentSpec.parse(none + "kind: memory\nbaselines: repeat\n", "s"));
  }

  @Test
  void aPolicyThatDoesNotExistIsFoundBeforeAnythingRuns() {
    ExperimentSpec spec = ExperimentSpec.parse(GOOD.replace("full", "[full, fulll]"), "s.yaml");
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> spec.checkPolicies("s.yaml"));
    assertTrue(e.getMessage().startsWith("s.yaml: /rows/0/policy/1: policy must be one of full"));
  }

  @Test
  void theSmallVersionIsSmaller() {
    String quick = GOOD + "quick: {limit: 3, seeds: 2, batch: 1, calibrationLimit: 1}\n";
    ExperimentSpec small = ExperimentSpec.parse(quick, "s").small();
    assertEquals(3, small.prompts().limit());
    assertEquals(2, small.seeds());
    assertEquals(1, small.batch());
    assertEquals(List.of(1), small.rows().get(0).calibration().get(0).prompts().limit());
    ExperimentSpec same = ExperimentSpec.parse(GOOD, "s");
    assertEquals(same, same.small());
    String large = GOOD + "quick: {limit: 100}\n";
    assertEquals(8, ExperimentSpec.parse(large, "s").small().prompts().limit());
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
