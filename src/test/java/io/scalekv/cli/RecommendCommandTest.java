package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.Frontier;
import io.scalekv.experiment.Results;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** recommend as users type it. */
final class RecommendCommandTest {
  private static final Path CONFIRM = Path.of("results", "beyond", "confirm");

  @TempDir Path folder;

  private static Said done(Object... words) {
    Said said = Said.of(words);
    assertEquals(0, said.code(), said.err());
    return said;
  }

  private static void refused(String part, Object... words) {
    Said said = Said.of(words);
    assertEquals(2, said.code(), said.err());
    assertEquals("", said.out());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(part), () -> part + " expected in: " + said.err());
  }

  /** A token of pocket is 24576 bytes an image: 12 layers of 128 float32 keys and values, twice. */
  @ParameterizedTest
  @CsvSource({
    "10%, 663552",
    "27t, 663552",
    "663552B, 663552",
    "663.552kB, 663552",
    "648KiB, 663552",
    "1 MiB, 1048576",
    "paper-4, 270336"
  })
  void budgetsMeanBytes(String budget, long bytes) {
    JsonNode r = done("recommend", "--budget", budget, "--from", CONFIRM, "--json").json();
    assertEquals(bytes, r.get("budgetBytes").asLong());
    assertTrue(r.get("kvCacheBytes").asLong() <= bytes);
  }

  @Test
  void theBestSettingBelowIsNamedWithItsEvidence() throws IOException {
    JsonNode r = done("recommend", "--budget", "10%", "--from", CONFIRM, "--json").json();
    assertEquals("heatkv", r.get("policy").asString());
    assertEquals(641_024, r.get("kvCacheBytes").asLong());
    assertEquals(32.17, r.get("metrics").get("psnr").get("mean").asDouble(), 0.005);
    assertEquals("beyond-confirm", r.get("evidence").get("experiment").asString());
    assertEquals(256, r.get("evidence").get("prompts").asInt());
    assertEquals(
        "./scalekv generate --model pocket --policy heatkv --budget 10% --key-type fp32"
            + " --value-type fp32",
        r.get("command").asString());
    JsonNode two =
        done("recommend", "--budget", "1282048B", "--batch", 2, "--from", CONFIRM, "--json").json();
    assertEquals("heatkv", two.get("policy").asString());
    assertEquals(1_282_048, two.get("kvCacheBytes").asLong());
    String words = done("recommend", "--budget", "300kB", "--from", CONFIRM).out();
    assertTrue(words.contains("error-curve at 4%, keys fp32, values fp32: 270,336 bytes"), words);
    assertTrue(words.contains("PSNR (dB): 30.49 [30.15, 30.84]"), words);

    Path saved = folder.resolve("frontier.json");
    done("recommend", "--budget", "10%", "--from", CONFIRM, "--save", saved);
    assertEquals(Frontier.of(Results.read(CONFIRM)), Frontier.read(saved));
    assertEquals(r, done("recommend", "--budget", "10%", "--from", saved, "--json").json());
  }

  @Test
  void theWholeCacheIsTakenWhereItFits() {
    JsonNode r = done("recommend", "--budget", "100%", "--json").json();
    assertEquals("full", r.get("policy").asString());
    assertEquals(265L * 24_576, r.get("kvCacheBytes").asLong());
    assertTrue(r.get("evidence").isNull());
  }

  @ParameterizedTest
  @ValueSource(strings = {"pocket", "pocket-l"})
  void theShippedModelsComeWithAFrontier(String model) {
    Frontier shipped = Frontier.shipped(model).orElseThrow();
    assertEquals(model, shipped.model().name());
    assertTrue(shipped.points().size() > 2);
    Said said = done("recommend", "--model", model, "--budget", "10%");
    assertTrue(said.out().contains("intervals over"), said.out());
  }

  @Test
  void whatCannotBeIsRefused() {
    refused(
        "at least 65536 bytes (65536 an image, the least on the frontier of pocket) expected, got"
            + " 24KB = 24000 bytes",
        "recommend",
        "--budget",
        "24KB",
        "--from",
        CONFIRM);
    refused("bytes such as 600kB", "recommend", "--budget", "ten");
    refused(
        "no frontier comes with that model",
        "recommend",
        "--budget",
        "10%",
        "--model",
        "infinity-2b");
    refused(
        "a frontier of pocket-l",
        "recommend",
        "--budget",
        "10%",
        "--model",
        "pocket-l",
        "--from",
        CONFIRM);
    refused("expected a file", "recommend", "--budget", "10%", "--from", "nowhere");
    refused("--batch", "recommend", "--budget", "10%", "--batch", "0");
  }
}
