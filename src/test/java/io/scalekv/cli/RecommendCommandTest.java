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
  private static final Path CONFIRM = Path.of("src/test/resources/io/scalekv/experiment/confirm");

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
    assertTrue(r.get("peakKvBytes").asLong() <= bytes);
  }

  @Test
  void theRecommendationHasEvidenceAndACommand() throws IOException {
    JsonNode r = done("recommend", "--budget", "600kB", "--from", CONFIRM, "--json").json();
    JsonNode evidence = r.get("evidence");
    assertEquals("beyond-confirm", evidence.get("experiment").asString());
    assertEquals(256, evidence.get("prompts").asInt());
    assertTrue(r.get("peakKvBytes").asLong() <= 600_000);
    assertTrue(r.get("budgetTokens").asInt() > 0);
    for (JsonNode m : evidence.get("measured")) {
      assertEquals(r.get("policy").asString(), m.get("policy").get("name").asString());
    }
    String command = r.get("command").asString();
    assertTrue(
        command.startsWith(
            "./scalekv generate --model pocket --policy " + r.get("policy").asString()),
        command);
    String text = done("recommend", "--budget", "600kB", "--from", CONFIRM).out();
    assertEquals("next: " + command, text.strip().lines().reduce((a, b) -> b).orElseThrow());
    JsonNode two =
        done("recommend", "--budget", "1200kB", "--batch", 2, "--from", CONFIRM, "--json").json();
    assertEquals(r.get("policy"), two.get("policy"));
    assertEquals(2 * r.get("peakKvBytes").asLong(), two.get("peakKvBytes").asLong());

    Path saved = folder.resolve("frontier.json");
    done("recommend", "--budget", "10%", "--from", CONFIRM, "--save", saved);
    assertEquals(Frontier.of(Results.read(CONFIRM)), Frontier.read(saved));
    assertEquals(r, done("recommend", "--budget", "600kB", "--from", saved, "--json").json());
  }

  @Test
  void theWholeCacheIsTakenWhereItFits() {
    JsonNode r = done("recommend", "--budget", "100%", "--json").json();
    assertEquals("full", r.get("policy").asString());
    assertEquals(265L * 24_576, r.get("peakKvBytes").asLong());
    assertTrue(r.get("evidence").isNull());
  }

  @ParameterizedTest
  @ValueSource(strings = {"pocket", "pocket-l"})
  void theShippedModelsComeWithAFrontier(String model) {
    Frontier shipped = Frontier.shipped(model).orElseThrow();
    assertEquals(model, shipped.model().name());
    assertTrue(shipped.points().size() > 2);
    Said said = done("recommend", "--model", model, "--budget", "10%");
    assertTrue(said.out().contains("measured: "), said.out());
  }

  @Test
  void refusesBadInput() {
    refused("24000", "recommend", "--budget", "24KB", "--from", CONFIRM);
    refused("'ten'", "recommend", "--budget", "ten");
    refused("infinity-2b", "recommend", "--budget", "10%", "--model", "infinity-2b");
    refused("pocket-l", "recommend", "--budget", "10%", "--model", "pocket-l", "--from", CONFIRM);
    refused("nowhere", "recommend", "--budget", "10%", "--from", "nowhere");
    refused("--batch", "recommend", "--budget", "10%", "--batch", "0");
  }
}
