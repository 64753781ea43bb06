package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.model.var.VarCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Commands on a class-conditional model. */
class VarCommandsTest {
  @TempDir Path folder;

  private Path model;

  @BeforeEach
  void writeConfig() throws IOException {
    model = Files.createDirectory(folder.resolve("model"));
    Files.writeString(model.resolve("config.json"), VarCheckpoint.tiny("tiny", true).json());
  }

  private Said say(String command, Object... words) {
    List<Object> all = new ArrayList<>(List.of(command));
    all.addAll(List.of(words));
    all.addAll(List.of("--model", model, "--random-weights", "1", "--json"));
    return Said.of(all.toArray());
  }

  private static JsonNode done(Said said) {
    assertEquals(0, said.code(), said.out() + said.err());
    return said.json();
  }

  /** Keys and values in float32 of both guidance rows, in MiB: of all tokens and of the history. */
  @ParameterizedTest
  @CsvSource({
    "var-d12,96,60",
    "var-d16,170,106",
    "var-d20,266,166",
    "var-d24,382,238",
    "var-d30,598,373",
    "var-d36-512,2835,1539"
  })
  void bothConventionsOfTheFullCache(String name, long all, long history) {
    assertEquals(all, mib(name, "all"));
    assertEquals(history, mib(name, "history"));
  }

  private static long mib(String name, String tokensOf) {
    JsonNode table =
        done(
            Said.of(
                "memory",
                "--model",
                name,
                "--tokens-of",
                tokensOf,
                "--budget",
                "full",
                "--value-type",
                "fp32",
                "--json"));
    return (long) Math.rint(table.get("fullKvBytes").asLong() / (double) (1 << 20));
  }

  @ParameterizedTest
  @CsvSource({"20%,85", "10%,42", "4%,17", "1%,4"})
  void budgetsAreThoseOfTheHistory(String budget, int tokens) {
    JsonNode rows =
        done(Said.of(
                "memory", "--model", "var-d16", "--policy", "h2o", "--budget", budget, "--json"))
            .get("rows");
    assertEquals(tokens, rows.get(0).get("budgetTokens").asInt());
  }

  @Test
  void classesAreDrawnUnderPoliciesAndJudged() throws IOException {
    Path out = folder.resolve("images");
    JsonNode m =
        done(
            say(
                "generate",
                "--class",
                "0-1,3",
                "--seed",
                "4",
                "--policy",
                "snapkv",
                "--policy",
                "scalekv",
                "--policy",
                "pyramidkv",
                "--budget",
                "50%",
                "--judge",
                "--out",
                out));
    assertEquals("var", m.get("model").get("family").asString());
    assertEquals("64", m.get("drawing").get("topK").asString());
    assertEquals("1.5", m.get("drawing").get("cfg").asString());
    assertFalse(m.get("drawing").has("tau"));
    assertEquals(4, m.get("policies").size());
    JsonNode last = m.get("policies").get(0).get("images").get(2);
    assertEquals("3", last.get("prompt").asString());
    assertTrue(Files.exists(out.resolve("compare.png")));
    // seed and class alone decide, not the place
    Path alone = folder.resolve("alone");
    done(say("generate", "--class", "3", "--seed", "4", "--out", alone));
    assertEquals(
        -1,
        Files.mismatch(out.resolve(last.get("file").asString()), alone.resolve("p0000-s4.png")));
  }

  @ParameterizedTest
  @CsvSource({"--prompt,x", "--tau,1", "--negative,x", "--size,1M", "--aspect,2"})
  void optionsOfTheOtherFamilyAreRefusedByName(String option, String value) {
    List<Object> words = new ArrayList<>(List.of("--no-image", option, value));
    if (!option.equals("--prompt")) {
      words.addAll(List.of("--class", "1"));
    }
    Said said = say("generate", words.toArray());
    assertEquals(2, said.code());
    assertTrue(said.json().get("error").get("message").asString().startsWith(option), said.out());
  }

  @ParameterizedTest
  @CsvSource({"--class,1", "--top-k,3"})
  void optionsOfClassesAreRefusedForTexts(String option, String value) {
    List<Object> words =
        new ArrayList<>(List.of("generate", "--no-image", option, value, "--json"));
    if (!option.equals("--class")) {
      words.addAll(List.of("--prompt", "a red circle"));
    }
    Said said = Said.of(words.toArray());
    assertEquals(2, said.code());
    assertTrue(said.json().get("error").get("message").asString().startsWith(option), said.out());
  }

  @Test
  void aClassBeyondTheLastIsRefused() {
    Said said = say("generate", "--no-image", "--class", "4");
    assertEquals(2, said.code());
    assertTrue(said.out().contains("got 4"), said.out());
  }

  @Test
  void calibrationAndProfileSeeAttention() throws IOException {
    Path out = folder.resolve("roles");
    JsonNode summary = done(say("calibrate", "--class", "0-3", "--budget", "70%", "--out", out));
    assertEquals(4, summary.get("images").asInt());
    assertTrue(Files.exists(out.resolve("roles.json")));
    Path images = folder.resolve("calibrated");
    done(
        say(
            "generate",
            "--class",
            "1",
            "--policy",
            "heatkv",
            "--policy",
            "ams-kv",
            "--budget",
            "70%",
            "--roles",
            out.resolve("roles.json"),
            "--out",
            images));
    JsonNode atlas = done(say("profile", "--class", "1", "--out", folder.resolve("profile")));
    assertEquals(3, atlas.get("layers").asInt());
  }

  /** An experiment draws its classes; one with prompts as many classes, other ones to calibrate. */
  @Test
  void experimentsTakeClasses() throws IOException {
    Files.writeString(folder.resolve("five.txt"), "a\nb\nc\n");
    Path spec =
        Files.writeString(
            folder.resolve("x.yaml"),
            """
            name: classes
            model: pocket
            classes: [3, 0]
            batch: 2
            metrics: [psnr, bits, faithfulness]
            rows:
              - policy: [full, snapkv, scalekv]
                budget: [50%]
                calibration: {roles: measured, prompts: {file: five.txt, limit: 2}}
            """);
    Path out = folder.resolve("sweep");
    done(say("sweep", spec, "--out", out));
    String experiment = Files.readString(out.resolve("experiment.json"));
    assertTrue(experiment.contains("\"3\""), experiment);
    assertFalse(experiment.contains("five.txt\""), "no prompt file was drawn");
    Said other = Said.of("sweep", spec, "--out", folder.resolve("other"), "--json");
    assertEquals(2, other.code());
    assertTrue(other.out().contains("--class"), other.out());
    done(Said.of("report", out, "--json"));
  }
}
