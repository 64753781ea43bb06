package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Budget;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyKind;
import io.scalekv.experiment.ShippedCalibrations;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.roles.Calibrations;
import io.scalekv.roles.RolesDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** {@code generate} with a cut cache, on the shipped model. */
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
    return said.json().get("cache");
  }

  @ParameterizedTest
  @MethodSource("policies")
  void everyPolicyDrawsAndStaysWithinItsBudget(String policy) throws IOException {
    String budget =
        policy.equals("ams-kv") ? "60%" : policy.equals("scalekv-released") ? "25%" : "10%";
    JsonNode cache = cache(generate(folder, "--policy", policy, "--budget", budget));
    RgbImage image = Png.read(folder.resolve("p0000-s0.png"));
    assertEquals(64, image.width());
    assertTrue(cache.get("policy").asString().startsWith(policy), cache.toString());
    double mib = cache.get("kvCacheMiB").asDouble();
    boolean whole = policy.equals("full") || policy.equals("one-layer");
    int tokens =
        whole
            ? 265
            : Budget.parse(budget)
                .tokens(ModelCatalog.config("pocket").schedule(Optional.empty(), 1));
    assertTrue(mib > 0 && mib <= tokens * 12 * 128 * 16 / 1048576.0 + 5e-4, cache.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"snapkv", "h2o", "scalekv-released", "streaming-llm:sinks=scales:3"})
  void aBudgetForEverythingChangesNothing(String policy) throws IOException {
    cache(generate(folder.resolve("full")));
    JsonNode cache = cache(generate(folder.resolve("p"), "--policy", policy, "--budget", "100%"));
    assertEquals(FULL_BYTES / 1048576.0, cache.get("kvCacheMiB").asDouble(), 5e-4);
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("full").resolve("p0000-s0.png")),
        Files.readAllBytes(folder.resolve("p").resolve("p0000-s0.png")));
  }

  @Test
  void theUnconditionalBranchMayHaveLess() {
    JsonNode cache =
        cache(
            generate(folder, "--policy", "snapkv", "--budget", "40t", "--cfg-budget-split", "10t"));
    assertEquals(40, cache.get("budgetTokens").asInt());
    assertEquals("snapkv", cache.get("unconditionalPolicy").asString());
    assertEquals(50 * 12 * 128 * 8 / 1048576.0, cache.get("kvCacheMiB").asDouble(), 5e-4);
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
    double bytes = tokens * (128 * 2 + 128 + 4 * 4);
    assertEquals(bytes / 1048576.0, cache.get("kvCacheMiB").asDouble(), 5e-4);
  }

  @Test
  void keptTokensAreDrawn() throws IOException {
    cache(generate(folder, "--policy", "sliding-window", "--draw-kept", "0,11"));
    RgbImage map = Png.read(folder.resolve("kept-layer-11.png"));
    assertTrue(map.width() > 800, map.toString());
    assertTrue(Files.isRegularFile(folder.resolve("kept-layer-0.png")));
    boolean ink =
        IntStream.range(0, map.width() * map.height())
            .anyMatch(i -> map.packed(i % map.width(), i / map.width()) == 0x08306b);
    assertTrue(ink, "a token held by all heads is dark blue");
  }

  @Test
  void theShippedCalibrationIsThatOfTheShippedWeights() {
    ModelConfig pocket = ModelCatalog.config("pocket");
    RolesDocument shipped = ShippedCalibrations.of(pocket).orElseThrow();
    try (ImageModel model = ImageModel.open(pocket, new ModelSource.Shipped(), false)) {
      assertEquals(model.weightHash(), shipped.model().weights());
    }
    assertEquals(pocket.schedule(Optional.empty(), 1).maps(), shipped.model().schedule());
    assertEquals(
        List.of("heatkv", "amsKv", "hack", "errorCurves"), Calibrations.of(shipped).names());
    assertTrue(ShippedCalibrations.of(ModelCatalog.config("infinity-2b")).isEmpty());
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
    assertTrue(said.err().contains("missing calibration part heatkv"), said.err());
    said = generate(folder.resolve("out"), "--policy", "scalekv", "--roles", "none.json");
    assertEquals(2, said.code(), said.err());
    assertTrue(said.err().contains("--roles: a file expected, got none.json"), said.err());
  }
}
