package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** {@code generate --no-image}: what every map of any geometry costs. */
final class GenerateMapsTest {
  private static final int[] TOKENS = {1, 4, 16, 36, 64, 144, 256};

  @TempDir Path folder;

  private static Said generate(Object... more) {
    List<Object> words =
        new ArrayList<>(
            List.of("generate", "--model", "infinity-2b", "--prompt", "x", "--size", "0.06M"));
    words.addAll(List.of("--json", "--quiet"));
    words.addAll(List.of(more));
    return Said.of(words.toArray());
  }

  private static JsonNode outcome(Said said) {
    assertEquals(0, said.code(), said.err());
    return said.json().get("policies").get(0);
  }

  @ParameterizedTest
  @CsvSource({"fp32, 3, 8", "bf16, 3, 6", "fp32, 1, 8"})
  void costsFollowTheGeometry(String dtype, int cfg, int bytes) {
    int rows = cfg == 1 ? 1 : 2;
    Said said =
        generate(
            "--random-weights",
            "1,3x64x2,text=5",
            "--no-image",
            "--seeds",
            2,
            "--batch",
            1,
            "--cfg",
            cfg,
            "--dtype",
            dtype);
    assertEquals(0, said.code(), said.err());
    JsonNode report = said.json();
    assertEquals("infinity-2b-3x64-h2", report.get("model").get("name").asString());
    JsonNode outcome = report.get("policies").get(0);
    assertEquals(0, outcome.get("images").size());
    JsonNode maps = outcome.get("scales");
    assertEquals(TOKENS.length, maps.size());
    int held = 0;
    double seconds = 0;
    for (int k = 0; k < TOKENS.length; k++) {
      JsonNode map = maps.get(k);
      assertEquals(TOKENS[k], map.get("tokens").asInt());
      int attended = held + TOKENS[k];
      held = k < TOKENS.length - 1 ? attended : held;
      assertEquals(k + 1, map.get("scale").asInt());
      assertEquals((long) held * 3 * 64 * bytes * rows, map.get("kvBytes").asLong());
      // per token: qkv 3, three square projections, feed-forward 2 x 4, then 2 x 32 logits
      double linear = 2.0 * (3 * (3 + 3 + 8) * 64 * 64 + 64 * 64);
      double attention = 4.0 * 3 * 64 * attended;
      double gflop = rows * TOKENS[k] * (linear + attention) / 1e9;
      assertEquals(gflop, map.get("gflop").asDouble(), 1e-6);
      assertTrue(map.get("seconds").asDouble() > 0, map.toString());
      assertTrue(map.get("cpuSeconds").asDouble() >= 0, map.toString());
      seconds += map.get("seconds").asDouble();
    }
    assertTrue(outcome.get("wallSeconds").asDouble() + 0.01 >= seconds, report.toString());
  }

  @Test
  void aCutCacheCostsFewerOperations() {
    Object[] tiny = {"--random-weights", "1,2x64x1", "--no-image", "--tau", 0};
    List<Object> words = new ArrayList<>(List.of(tiny));
    JsonNode full = outcome(generate(words.toArray()));
    words.addAll(List.of("--policy", "snapkv", "--budget", "10%"));
    JsonNode cut = outcome(generate(words.toArray()));
    int last = TOKENS.length - 1;
    double more = full.get("scales").get(last).get("gflop").asDouble();
    double less = cut.get("scales").get(last).get("gflop").asDouble();
    // 265 tokens of history against 27, two rows and two layers
    assertEquals(4.0 * 2 * 2 * 64 * 256 * (265 - 27) / 1e9, more - less, 2e-6);
    assertEquals(2 * 64 * 8 * 2 * 27, cut.get("scales").get(last).get("kvBytes").asLong());
    assertEquals(2 * 64 * 8 * 2 * 27, cut.get("kvBytes").asLong());
  }

  /** Without a calibration roles are drawn by the seed; the bytes are those of the budget. */
  @Test
  void randomWeightsGetRandomRoles() {
    List<Object> words = new ArrayList<>(List.of("--random-weights", "1,2x64x1", "--no-image"));
    words.addAll(List.of("--policy", "scalekv", "--budget", "10%"));
    Said said = generate(words.toArray());
    assertEquals(0, said.code(), said.err());
    JsonNode outcome = outcome(said);
    assertEquals(27, outcome.get("budgetTokens").asInt());
    assertEquals(
        outcome.get("kvBytes"), outcome.get("scales").get(TOKENS.length - 1).get("kvBytes"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--random-weights 1,2x64x1 | --out",
        "--random-weights 1,2x64x1 --no-image --judge | --judge",
        "--random-weights 1,2x770x8 --no-image | 770",
        "--random-weights 1,0x64x1 --no-image | got 0"
      })
  void contradictionsAreRefused(String line) {
    String[] parts = line.split(" \\| ");
    Said said = generate((Object[]) parts[0].split(" "));
    assertEquals(2, said.code(), said.err());
    assertTrue(said.err().contains(parts[1]), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
  }
}
