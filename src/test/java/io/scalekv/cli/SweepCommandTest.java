package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.ResultFolder;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.RunJson;
import io.scalekv.experiment.RunResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The commands that run experiments, on a small model with random weights. */
final class SweepCommandTest {
  @TempDir Path folder;

  private Path spec;
  private Path out;

  @BeforeEach
  void write() throws IOException {
    TinyExperiment.writeModel(folder);
    spec =
        Files.writeString(
            folder.resolve("tiny.yaml"),
            TinyExperiment.head(4)
                + """
                rows:
                  - policy: [full, sliding-window, scalekv]
                    metrics: [psnr, ssim, lpips-proxy, frechet, bits, faithfulness]
                  - policy: streaming-llm
                    budget: [50%, 20%]
                    cfgBudgetSplit: 10%
                    valueType: int8
                    metrics: [psnr, kid]
                baselines: [other-seed]
                """);
    out = folder.resolve("out");
  }

  @Test
  void oneCellFailsTheOthersDoNotAndNothingIsDoneTwice() throws IOException {
    Said first = Said.of("sweep", spec, "--out", out, "--images", "--json");
    assertEquals(1, first.code(), first.err());
    JsonNode report = first.json().get("experiments").get(0);
    assertTrue(first.err().contains("0 of 6 runs found, 6 to do"), first.err());
    assertEquals(5, report.get("done").asInt());
    assertEquals(1, report.get("failed").asInt());
    Results results = Results.read(out);
    assertEquals(5, results.runs().size());
    assertEquals(1, results.failures().size());
    String error = results.failures().values().iterator().next();
    assertTrue(error.contains("roles"), error);
    assertEquals(1, error.lines().count());

    RunResult full = results.runs().values().iterator().next();
    assertTrue(full.images().stream().allMatch(RunResult.Image::identical));
    assertTrue(Double.isNaN(full.metrics().get("psnr").mean()));
    assertEquals(4, full.metrics().get("psnr").infinite());
    assertEquals(1, full.metrics().get("bits").mean());
    assertEquals(List.of(1.0, 1.0, 1.0, 1.0), full.bitAgreementByMap());
    assertEquals(0, full.metrics().get("lpips-proxy").mean());
    assertEquals(full.memory().fullKvBytes(), full.memory().peakKvBytes());
    assertEquals(1, full.notes().size());
    assertTrue(full.notes().get(0).startsWith("frechet "), full.notes()::toString);
    assertTrue(full.metrics().containsKey("faithfulness.count"), full.metrics().keySet()::toString);

    Said runs = Said.of("sweep", spec, "--list", "--json");
    String split = runs.json().get("runs").get(3).get("id").asString();
    RunResult apart = results.runs().get(split);
    assertEquals("streaming-llm", apart.run().policy().name());
    assertEquals(apart.memory().nominalKvBytes(), apart.memory().kvBytes());
    assertTrue(apart.memory().tokensBetweenScales() < apart.memory().budgetTokens());
    assertNotEquals(full.images(), apart.images());
    try (Stream<Path> images = Files.list(out.resolve("images").resolve(split))) {
      assertEquals(4, images.count());
    }

    FileTime past = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));
    Path kept = out.resolve("runs").resolve(split + ".json");
    Files.setLastModifiedTime(kept, past);
    Path damaged = out.resolve("runs").resolve(full.id() + ".json");
    String sound = RunJson.text(RunContents.withoutProvenance(full));
    Files.writeString(damaged, "{");
    Said second = Said.of("sweep", spec, "--out", out, "--json", "-q");
    assertEquals(1, second.code(), second.err());
    assertEquals(4, second.json().get("experiments").get(0).get("found").asInt());
    assertEquals(1, second.json().get("experiments").get(0).get("done").asInt());
    assertEquals(past, Files.getLastModifiedTime(kept));
    assertEquals(sound, RunJson.text(RunContents.withoutProvenance(RunJson.read(damaged))));
  }

  /** What would have no effect is refused, before a run begins. */
  @Test
  void optionsThatTheExperimentDoesNotHeed() throws IOException {
    Path file = Files.writeString(folder.resolve("embeddings"), "");
    for (List<Object> options :
        List.<List<Object>>of(List.of("--dtype", "bf16"), List.of("--text-embeddings", file))) {
      List<Object> words = new ArrayList<>(List.of("sweep", spec, "--out", out));
      words.addAll(options);
      Said said = Said.of(words.toArray());
      assertEquals(2, said.code(), said.err());
      assertTrue(said.err().contains(options.get(0).toString()), said.err());
      assertEquals(1, said.err().lines().count(), said.err());
      assertFalse(Files.exists(out));
    }
    assertEquals(0, Said.of("sweep", spec, "--list", "--dtype", "fp32").code());
  }

  @Test
  void failFastLeavesTheRest() throws IOException {
    Said said = Said.of("sweep", spec, "--out", out, "--fail-fast", "-q", "--json");
    assertEquals(1, said.code(), said.err());
    assertEquals(2, said.json().get("experiments").get(0).get("done").asInt());
    assertEquals(1, said.json().get("experiments").get(0).get("failed").asInt());
    assertEquals(3, said.json().get("experiments").get(0).get("left").asInt());
  }

  @Test
  void oneCellAndItsVerification() throws IOException {
    JsonNode runs = Said.of("sweep", spec, "--list", "--json").json().get("runs");
    assertEquals(6, runs.size());
    String id = runs.get(1).get("id").asString();
    assertEquals("sliding-window at 10%", runs.get(1).get("label").asString());
    assertEquals(2, Said.of("sweep", spec, "--run", "0123456789abcdef", "--out", out).code());
    assertFalse(Files.exists(out));
    Said one = Said.of("sweep", spec, "--run", id, "--out", out, "-q", "--json");
    assertEquals(0, one.code(), one.err());
    Path file = out.resolve("runs").resolve(id + ".json");

    Said same = Said.of("verify", file, "-q", "--json");
    assertEquals(0, same.code(), same.out() + same.err());
    assertTrue(same.json().get("results").get(0).get("same").asBoolean());

    RunResult result = RunJson.read(file);
    String text = Files.readString(file);
    double ssim = result.images().get(2).value("ssim");
    String changed = text.replaceFirst("(?s)(\"prompt\": 2,.*?\"ssim\": )[0-9.E-]+", "$1" + 0.5);
    assertNotEquals(text, changed);
    Files.writeString(file, changed);
    Said differs = Said.of("verify", out, "-q");
    assertEquals(1, differs.code(), differs.err());
    assertTrue(
        differs.out().contains("/images/2/metrics/ssim: 0.5 recorded, " + ssim + " derived"),
        differs.out());
    assertEquals(2, differs.out().strip().lines().count(), differs.out());

    Files.writeString(file, changed.replaceFirst("\"cpu\": \"[^\"]*\"", "\"cpu\": \"another\""));
    Said elsewhere = Said.of("verify", out, "-q");
    assertEquals(1, elsewhere.code(), elsewhere.err());
    assertTrue(elsewhere.out().contains("recorded on another with --threads"), elsewhere.out());

    Files.writeString(file, text.replace("sliding-window", "streaming-llm"));
    Said refused = Said.of("verify", file);
    assertEquals(2, refused.code());
    assertTrue(refused.err().contains("/id"), refused.err());
  }

  @Test
  void rolesAreMeasuredDrawnOrMissing() throws IOException {
    Path roles =
        Files.writeString(
            folder.resolve("roles.yaml"),
            TinyExperiment.head(2)
                + """
                metrics: [psnr, bits]
                rows:
                  - policy: scalekv
                    budget: 50%
                    calibration:
                      - statistic: [asi, current-ratio]
                        inverted: [false, true]
                        drafters: [0, 1]
                        prompts: {file: prompts.txt, limit: 1}
                      - roles: random
                        drafters: 1
                        seed: [1, 2]
                      - shipped
                """);
    Said said = Said.of("sweep", roles, "--out", out, "-q", "--json");
    assertEquals(1, said.code(), said.err());
    assertEquals(10, said.json().get("experiments").get(0).get("done").asInt());
    JsonNode last = said.json().get("experiments").get(0).get("runs").get(10);
    assertEquals("scalekv at 50% (shipped roles)", last.get("label").asString());
    assertTrue(last.get("error").asString().contains("roles"), said.out());
    assertEquals(
        "scalekv at 50% (asi, inverted, 1 drafter)",
        said.json().get("experiments").get(0).get("runs").get(3).get("label").asString());
    // without drafters it does not matter what tells them
    Results results = Results.read(out);
    List<RunResult> runs = List.copyOf(results.runs().values());
    assertEquals(runs.get(0).images(), runs.get(2).images());
    assertEquals(runs.get(0).images(), runs.get(4).images());
    assertNotEquals(runs.get(0).images(), runs.get(1).images());
    assertNotEquals(runs.get(1).images(), runs.get(3).images());
    String id = runs.get(3).id();
    Said verified = Said.of("verify", out.resolve("runs").resolve(id + ".json"), "-q");
    assertEquals(0, verified.code(), verified.out() + verified.err());
  }

  /** A policy and a metric that only the tests know. */
  @Test
  void policiesAndMetricsOfOtherProjectsAreUsedByName() throws IOException {
    Path own =
        Files.writeString(
            folder.resolve("own.yaml"),
            TinyExperiment.head(2)
                + """
                metrics: [psnr, mean-colour]
                rows:
                  - policy: [full, key-norm]
                    budget: 20%
                """);
    Said said = Said.of("sweep", own, "--out", out, "-q", "--json");
    assertEquals(0, said.code(), said.err());
    JsonNode runs = said.json().get("experiments").get(0).get("runs");
    assertEquals(0, runs.get(0).get("metrics").get("mean-colour").get("mean").asDouble());
    assertEquals("key-norm at 20%", runs.get(1).get("label").asString());
    assertTrue(runs.get(1).get("metrics").get("mean-colour").get("mean").asDouble() > 0);
    RunResult stored = Results.read(out).runs().get(runs.get(1).get("id").asString());
    assertEquals(2, stored.metrics().get("mean-colour").n());
    assertTrue(Said.of("sweep", own, "--out", out, "-q").out().contains("mean colour"));
  }

  @Test
  void memoryAndTimes() throws IOException {
    Path table = Path.of("experiments", "table3.yaml");
    assertEquals(0, Said.of("sweep", table, "--out", out, "-q").code());
    Results memory = Results.read(out);
    assertEquals(6, memory.runs().size());
    assertEquals(
        List.of(10541L, 1066L, 84328L, 8531L, 168656L, 17062L),
        memory.file().rows().stream()
            .map(r -> memory.runs().get(r.id()).memory().nominalKvBytes() >> 20)
            .toList());
    Path times =
        Files.writeString(
            folder.resolve("times.yaml"),
            TinyExperiment.head(2)
                + """
                kind: latency
                repeats: 3
                rows:
                  - policy: sliding-window
                    batch: [1, 3]
                """);
    Path other = folder.resolve("times");
    Said said = Said.of("sweep", times, "--out", other, "-q", "--json");
    assertEquals(0, said.code(), said.err());
    for (RunResult r : Results.read(other).runs().values()) {
      assertEquals(3, r.latency().seconds().size());
      assertTrue(r.latency().medianSeconds() > 0);
      assertTrue(r.latency().seconds().contains(r.latency().medianSeconds()));
      assertEquals(r.memory().nominalKvBytes(), r.memory().kvBytes());
    }
    assertEquals(0, Said.of("verify", other, "-q").code());
  }

  @Test
  void aDamagedReferenceIsDrawnAgain() throws IOException {
    Path few =
        Files.writeString(
            folder.resolve("few.yaml"),
            TinyExperiment.head(4)
                + """
                metrics: [psnr]
                rows:
                  - policy: sliding-window
                """);
    assertEquals(0, Said.of("sweep", few, "--out", out, "-q").code());
    Path manifest;
    try (Stream<Path> files = Files.walk(out)) {
      manifest = files.filter(f -> f.endsWith("manifest.json")).findFirst().orElseThrow();
    }
    byte[] before = Files.readAllBytes(manifest);
    Path image = manifest.resolveSibling("p0001-s0.png");
    byte[] png = Files.readAllBytes(image);
    Files.write(image, new byte[] {1, 2, 3});
    Files.delete(out.resolve(ResultFolder.RUNS));
    Files.delete(out.resolve(ResultFolder.IMAGES));
    assertEquals(0, Said.of("sweep", few, "--out", out, "-q").code());
    assertEquals(List.of(png.length), List.of(Files.readAllBytes(image).length));
    assertEquals(new String(before, StandardCharsets.UTF_8), Files.readString(manifest));
  }

  @Test
  void badInputLeavesNothing() throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.yaml"), "name: x\nmodle: pocket\n");
    Said said = Said.of("sweep", bad, "--out", out);
    assertEquals(2, said.code());
    assertTrue(said.err().contains("/modle: no such key; did you mean model?"), said.err());
    assertEquals(2, Said.of("sweep", folder.resolve("none.yaml"), "--out", out).code());
    assertEquals(2, Said.of("sweep", spec, "--lpips", folder.resolve("none.pt")).code());
    assertEquals(2, Said.of("verify", folder).code());
    assertFalse(Files.exists(out));
  }
}
