package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Budget;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyKind;
import io.scalekv.image.Png;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code generate} with compressed caches, on the shipped model. */
final class GenerateWithPolicyTest {
  private static final String CAPTION =
      "a large solid red circle at center on a plain blue background";
  private static final int FULL_BYTES = 265 * 12 * 128 * 8 * 2;

  @TempDir Path folder;

  static Stream<String> policies() {
    return Policies.all().stream().map(PolicyKind::name);
  }

  private Said generate(Path out, Object... more) {
    List<Object> words =
        new ArrayList<>(
            List.of("generate", "--prompt", CAPTION, "--out", out, "--json", "--quiet"));
    words.addAll(List.of(more));
    return Said.of(words.toArray());
  }

  private static JsonNode cache(Said said) {
    assertEquals(0, said.code(), said.err());
    JsonNode policies = said.json().get("policies");
    return policies.get(policies.size() - 1);
  }

  @ParameterizedTest
  @MethodSource("policies")
  void everyPolicyDrawsAndStaysWithinItsBudget(String policy) throws IOException {
    String budget =
        policy.equals("ams-kv") ? "60%" : policy.equals("scalekv-released") ? "25%" : "10%";
    JsonNode cache = cache(generate(folder, "--policy", policy, "--budget", budget));
    JsonNode image = cache.get("images").get(0);
    assertEquals(64, Png.read(folder.resolve(image.get("file").asString())).width());
    assertEquals(policy, cache.get("policy").asString());
    assertEquals(FULL_BYTES, cache.get("fullKvBytes").asLong());
    boolean whole = policy.equals("full") || policy.equals("one-layer");
    int tokens =
        whole
            ? 265
            : Budget.parse(budget)
                .tokens(ModelCatalog.config("pocket").schedule(Optional.empty(), 1));
    long bytes = cache.get("kvBytes").asLong();
    assertTrue(bytes > 0 && bytes <= tokens * 12L * 128 * 16, cache.toString());
    assertEquals(policy.equals("full"), image.get("psnrDb").isNull());
    assertEquals(policy.equals("full"), !Files.exists(folder.resolve("compare.png")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"snapkv", "h2o", "scalekv-released", "streaming-llm:sinks=scales:3"})
  void aBudgetForEverythingChangesNothing(String policy) throws IOException {
    JsonNode cache = cache(generate(folder, "--policy", policy, "--budget", "100%"));
    assertEquals(FULL_BYTES, cache.get("peakKvBytes").asLong());
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("full/p0000-s0.png")),
        Files.readAllBytes(folder.resolve(cache.get("images").get(0).get("file").asString())));
  }

  @Test
  void theUnconditionalBranchMayHaveLess() {
    JsonNode cache =
        cache(
            generate(folder, "--policy", "snapkv", "--budget", "40t", "--cfg-budget-split", "10t"));
    assertEquals(40, cache.get("budgetTokens").asInt());
    assertEquals(50 * 12 * 128 * 8, cache.get("kvBytes").asLong());
  }

  @Test
  void smallerNumbersTakeLess() {
    JsonNode cache =
        cache(
            generate(
                folder,
                "--policy",
                "snapkv",
                "--budget",
                "40t",
                "--key-type",
                "bf16",
                "--value-type",
                "int8"));
    long tokens = 40L * 12 * 2;
    assertEquals(tokens * (128 * 2 + 128 + 4 * 4), cache.get("kvBytes").asLong());
  }

  /** The manifest's seed and prompt draw the same image again, whatever stood beside it. */
  @Test
  void theManifestRedrawsAnImage() throws IOException {
    Path both = folder.resolve("both");
    Path prompts =
        Files.writeString(
            folder.resolve("prompts.txt"),
            CAPTION.replace("circle", "square") + "\n" + CAPTION + "\n");
    Said said =
        Said.of(
            "generate", "--prompts", prompts, "--seed", 5, "--seeds", 2, "--out", both, "--quiet");
    assertEquals(0, said.code(), said.err());
    JsonNode manifest =
        JsonMapper.shared().readTree(Files.readString(both.resolve("manifest.json")));
    JsonNode last = manifest.get("policies").get(0).get("images").get(3);
    assertEquals(CAPTION, last.get("prompt").asString());
    assertEquals(6, last.get("seed").asInt());
    Path again = folder.resolve("again");
    JsonNode image =
        cache(generate(again, "--seed", last.get("seed").asInt())).get("images").get(0);
    assertArrayEquals(
        Files.readAllBytes(both.resolve(last.get("file").asString())),
        Files.readAllBytes(again.resolve(image.get("file").asString())));
  }

  @Test
  void theShippedCalibrationIsThatOfTheShippedWeights() {
    ModelConfig pocket = ModelCatalog.config("pocket");
    Calibration shipped = CalibrationFile.shipped(pocket.name()).orElseThrow();
    try (ImageModel model = ImageModel.open(pocket, new ModelSource.Shipped(), false)) {
      assertEquals(model.weightHash(), shipped.model().weights());
    }
    assertEquals(pocket.schedule(Optional.empty(), 1), shipped.model().schedule());
    assertEquals(List.of("roles", "heatkv", "ams-kv", "hack", "error-curves"), shipped.names());
    assertTrue(CalibrationFile.shipped("infinity-2b").isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lru|got lru",
        "snapkv:|snapkv:",
        "snapkv:colour=red|got colour",
        "snapkv:w=0|w ",
        "streaming-llm:sinks=few|sinks",
        "h2o:normalise=twice|got twice",
        "ams-kv|n/a"
      })
  void wrongPoliciesAreToldInOneLine(String example) throws IOException {
    String[] parts = example.split("\\|");
    Said said = generate(folder.resolve("out"), "--policy", parts[0]);
    assertEquals(2, said.code(), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(parts[1]), said.err());
    assertFalse(Files.exists(folder.resolve("out")));
  }

  @Test
  void calibratedPoliciesNeedACalibration() throws IOException {
    Said said = generate(folder.resolve("out"), "--policy", "heatkv", "--random-weights", "1");
    assertEquals(2, said.code(), said.err());
    assertTrue(said.err().contains("heatkv"), said.err());
    said = generate(folder.resolve("out"), "--policy", "scalekv", "--roles", "none.json");
    assertEquals(2, said.code(), said.err());
    assertTrue(said.err().contains("none.json"), said.err());
  }
}
