package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.Results;
import io.scalekv.experiment.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** report and reproduce as users type them, on experiments as small as they can be. */
final class ReportCommandsTest {
  private static final String IMAGES =
      """
      name: table1
      title: Small
      model: pocket
      prompts: {file: %s, limit: 9}
      metrics: [psnr, bits]
      rows:
        - policy: [snapkv, scalekv]
          budget: 10%%
      quick: {limit: 9, batch: 9}
      """;

  /** One run of the first experiment, and one of its own. */
  private static final String OTHER =
      """
      name: fig7a
      title: Small too
      model: pocket
      prompts: {file: %s, limit: 9}
      metrics: [psnr, bits]
      rows:
        - policy: scalekv
          budget: [10%%, 20%%]
      quick: {limit: 9, batch: 9}
      """;

  private static final String MEMORY =
      """
      name: table3
      kind: memory
      model: infinity-8b
      rows:
        - policy: [full, scalekv]
          budget: paper-10
          keyType: fp32
          valueType: bf16
          batch: [1, 8]
      """;

  private static final String ATTENTION =
      """
      name: fig6a
      kind: attention
      model: pocket
      prompts: {file: %s, limit: 3}
      batch: 2
      rows:
        - policy: full
      """;

  @TempDir Path folder;

  @Test
  void reproduceReportsAndGoesOn() throws IOException {
    Path experiments = Files.createDirectories(folder.resolve("experiments"));
    Path prompts = Path.of("calibration-prompts/scenes-10.txt").toAbsolutePath();
    Files.writeString(experiments.resolve("a.yaml"), IMAGES.formatted(prompts));
    Files.writeString(experiments.resolve("a2.yaml"), OTHER.formatted(prompts));
    Files.writeString(experiments.resolve("b.yaml"), MEMORY);
    Files.writeString(experiments.resolve("c.yaml"), ATTENTION.formatted(prompts));
    Path out = folder.resolve("out");
    Said said =
        Said.of("reproduce", "--quick", "--experiments", experiments, "--out", out, "--json", "-q");
    assertEquals(0, said.code(), said.err());
    JsonNode json = said.json();
    assertEquals(2, json.get("experiments").get(0).get("done").asInt());
    sharesCells(json.get("experiments").get(1), out);
    assertEquals(4, json.get("experiments").get(2).get("done").asInt());
    int equal = 0;
    for (JsonNode row : json.get("comparison")) {
      equal += row.get("verdict").asString().equals("EQUAL") ? 1 : 0;
    }
    assertEquals(6, equal, "table 3, batches 1 and 8, and two rows of table 1");
    for (String file :
        List.of(
            "comparison.md",
            "comparison.csv",
            "report/report.html",
            "report/tables/table1.md",
            "report/tables/table3-memory.csv",
            "report/figures/table1-psnr.svg",
            "report/figures/fig6a.png",
            "report/tables/fig6a.csv",
            "report/figures/roles.png")) {
      assertTrue(Files.isRegularFile(out.resolve(file)), file);
    }
    String comparison = Files.readString(out.resolve("comparison.md"));
    assertFalse(comparison.contains("pocket"), "numbers of a toy beside the paper's");
    // Images of the first eight prompts stay.
    Path images = out.resolve("table1/images");
    try (var all = Files.walk(images)) {
      assertEquals(16, all.filter(Files::isRegularFile).count());
    }

    Said again =
        Said.of("reproduce", "--quick", "--experiments", experiments, "--out", out, "--json", "-q");
    assertEquals(2, again.json().get("experiments").get(0).get("found").asInt());

    Said report = Said.of("report", out.resolve("table1"));
    assertEquals(0, report.code(), report.err());
    assertTrue(report.out().contains("1 experiments"), report.out());
    assertTrue(Files.isRegularFile(out.resolve("table1/report/report.html")));
  }

  /** The run that two experiments have in common was run once; both hold it, with its images. */
  private static void sharesCells(JsonNode second, Path out) throws IOException {
    assertEquals(1, second.get("done").asInt());
    assertEquals(1, second.get("found").asInt());
    Map<String, RunResult> first = Results.read(out.resolve("table1")).runs();
    Map<String, RunResult> shared = Results.read(out.resolve("fig7a")).runs();
    assertEquals(1, shared.values().stream().filter(r -> r.equals(first.get(r.id()))).count());
    try (var all = Files.walk(out.resolve("fig7a/images"))) {
      assertEquals(16, all.filter(Files::isRegularFile).count());
    }
  }

  @Test
  void wrongFoldersAreSaidInOneLine() {
    Said said = Said.of("report", folder);
    assertEquals(2, said.code());
    assertTrue(said.err().contains("missing experiment.json"), said.err());
    assertEquals(1, said.err().strip().lines().count());
    Said none = Said.of("reproduce", "--experiments", folder, "--out", folder.resolve("out"));
    assertEquals(2, none.code());
    assertTrue(none.err().contains("no YAML file"), none.err());
  }

  private static void refused(String part, Object... words) {
    Said said = Said.of(words);
    assertEquals(2, said.code(), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(part), said.err());
  }

  @Test
  void exportSaysWhatItWrote() {
    Path sweep = Path.of("src/test/resources/io/scalekv/experiment/confirm");
    Path out = folder.resolve("a.csv");
    Said said = Said.of("export", sweep, "--to", "csv", "--out", out, "--json");
    assertEquals(0, said.code(), said.err());
    assertEquals(25, said.json().get("runs").asInt());
    assertEquals(90_850, said.json().get("rows").asInt());
    assertEquals(out.toString(), said.json().get("files").get(0).asString());
    assertTrue(Files.isRegularFile(out));
  }

  @Test
  void exportRefusesOddFoldersInOneLine() throws IOException {
    refused("did you mean parquet?", "export", folder, "--to", "parket");
    Path out = folder.resolve("out");
    refused("missing experiment.json", "export", folder, "--to", "csv", "--out", out);
    Path results = Files.createDirectories(folder.resolve("results"));
    Path sweep = Path.of("src/test/resources/io/scalekv/experiment/confirm");
    for (String file : List.of("experiment.json", "runs.json", "images.jsonl.gz")) {
      Files.copy(sweep.resolve(file), results.resolve(file));
    }
    String runs = Files.readString(results.resolve("runs.json"));
    Files.writeString(
        results.resolve("runs.json"),
        runs.replaceFirst("\"started\" *: *\"[^\"]*", "\"started\" : \"2026-13-41T00:00:00Z"));
    refused("2026-13-41", "export", results, "--to", "mlflow", "--out", out);
    Files.writeString(results.resolve("runs.json"), runs.substring(0, runs.length() / 2));
    refused("runs.json", "export", results, "--to", "parquet", "--out", out);
  }
}
