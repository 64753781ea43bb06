package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.Results;
import io.scalekv.experiment.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Guidance that ends or changes with the scales, in experiments. */
final class GuidanceInSweepsTest {
  @TempDir Path folder;

  private Path out;

  private Said sweep(String yaml) throws IOException {
    if (!Files.exists(folder.resolve("model"))) {
      TinyExperiment.writeModel(folder);
    }
    out = folder.resolve("out-" + System.nanoTime());
    Path spec = Files.writeString(folder.resolve("tiny.yaml"), yaml);
    return Said.of("sweep", spec, "--out", out, "--json");
  }

  private List<RunResult> results(String yaml) throws IOException {
    Said said = sweep(yaml);
    assertEquals(0, said.code(), said.err());
    return List.copyOf(Results.read(out).runs().values());
  }

  /** The bytes of a sweep's rows are those of the command memory. */
  @Test
  void bytesAreThoseOfTheCommandMemory() throws IOException {
    List<RunResult> rows =
        results(
            """
            name: tiny
            kind: memory
            model: pocket
            batch: 2
            rows:
              - policy: full
                cfgUntil: [none, 6, 5, 1]
            """);
    List<Long> expected = new ArrayList<>();
    for (int until : new int[] {7, 6, 5, 1}) {
      JsonNode memory =
          Said.of("memory", "--budget", "full", "--batch", 2, "--cfg-until", until, "--json")
              .json();
      expected.add(memory.get("rows").get(0).get("kvBytes").asLong());
    }
    assertEquals(expected, rows.stream().map(r -> r.memory().nominalKvBytes()).toList());
    assertEquals(expected.get(0), 2 * expected.get(3), "one branch holds half");
  }

  /** The reference keeps its guidance; the bytes measured are those of the formula. */
  @Test
  void guidanceThatEndsIsASettingOfThePolicy() throws IOException {
    List<RunResult> rows =
        results(
            TinyExperiment.head(2)
                + """
                metrics: [psnr]
                rows:
                  - policy: full
                    cfgUntil: [none, 3, 2]
                """);
    assertTrue(rows.get(0).images().stream().allMatch(RunResult.Image::identical));
    assertTrue(rows.get(2).images().stream().noneMatch(RunResult.Image::identical));
    assertEquals(rows.get(0).run().referenceId(), rows.get(2).run().referenceId());
    assertEquals(
        List.of("full", "full, cfg until scale 3 (4x4)", "full, cfg until scale 2 (2x2)"),
        Results.read(out).file().rows().stream().map(r -> r.label()).toList());
    for (RunResult r : rows) {
      RunResult.Memory m = r.memory();
      assertEquals(m.nominalKvBytes(), m.kvBytes(), r.run().policy()::toString);
    }
    assertEquals(rows.get(0).memory().kvBytes(), 2 * rows.get(2).memory().kvBytes());
  }

  /** Numbers of each scale are those of the option; as many equal ones draw the same images. */
  @Test
  void guidanceAndTemperatureOfEachScale() throws IOException {
    String rows =
        "metrics: [psnr]\nrows:\n  - policy: [full, sliding-window]\n    budget: 50%%\n"
            .replace("%%", "%");
    List<RunResult> one = results(TinyExperiment.head(2) + "generation: {cfg: 3, tau: 1}\n" + rows);
    List<RunResult> same =
        results(
            TinyExperiment.head(2) + "generation: {cfg: [3, 3, 3, 3], tau: [1, 1, 1, 1]}\n" + rows);
    List<RunResult> falling =
        results(TinyExperiment.head(2) + "generation: {cfg: [5, 4, 3, 1], tau: 0.5}\n" + rows);
    assertEquals(one.get(1).images(), same.get(1).images());
    assertNotEquals(one.get(1).images(), falling.get(1).images());
    assertEquals(List.of(5.0, 4.0, 3.0, 1.0), falling.get(0).run().generation().cfgs());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | cfgUntil: 0 | cfgUntil | 0",
        "'' | cfgUntil: 9 | cfgUntil | 9",
        "'' | cfgUntil: half | cfgUntil | half",
        "'' | cfgUntil: 1e0 | cfgUntil | 1",
        "'generation: {cfg: 1}' | cfgUntil: 2 | cfgUntil | 2",
        "'generation: {cfg: [3, 2]}' | cfgUntil: none | cfg | 2",
        "'generation: {cfg: [3, x, 3, 3]}' | cfgUntil: none | cfg | x",
        "'generation: {tau: [1, 1, 1, .inf]}' | cfgUntil: none | tau | nf",
        "'generation: {tau: [1, 1, 1, 101]}' | cfgUntil: none | tau | 101"
      })
  void badNumbersAreRefused(String generation, String row, String place, String value)
      throws IOException {
    Said said =
        sweep(
            TinyExperiment.head(2)
                + generation
                + "\nmetrics: [psnr]\nrows:\n  - policy: full\n    "
                + row
                + "\n");
    assertEquals(2, said.code(), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(place) && said.err().contains(value), said.err());
  }
}
