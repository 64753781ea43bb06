package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Command study on the shipped calibration. */
final class StudyCommandTest {
  private static final Path POCKET =
      Path.of("src/main/resources/io/scalekv/roles/calibrations/pocket.json");

  @TempDir Path folder;

  @Test
  void agreementOfACalibrationWithItself() throws Exception {
    Path out = folder.resolve("out");
    Said said = Said.of("study", "agreement", POCKET, POCKET, "--out", out, "--json");
    assertEquals(0, said.code(), said.err());
    JsonNode json = said.json();
    assertEquals("agreement", json.get("study").asString());
    assertEquals(1.0, json.at("/agreement/0/jaccard").asDouble());
    assertEquals("5", json.at("/agreement/0/scale").asString(), "scales count from 1");
    assertTrue(json.get("files").size() > 4);
    for (JsonNode file : json.get("files")) {
      assertTrue(Files.size(Path.of(file.asString())) > 0, file.asString());
    }
    String text = Said.of("study", "agreement", POCKET, POCKET, "--out", out).out();
    assertTrue(text.contains("5 (8×8)") && text.contains("1.000"), text);
  }

  @ParameterizedTest
  @CsvSource({
    "study none x, none",
    "study agreement, two files",
    "study stability missing, missing",
    "study classifiers . --classifier svm, svm",
    "study classifiers . --statistic warmth, warmth",
    "study classifiers . --draws -1, -1",
    "study classifiers . --budget much, much",
    "study replay, --traces",
    "study replay --traces ., trace.json",
    "study replay --traces src/test/resources/io/scalekv/parity/trace-infinity-tiny,"
        + " queries=\"all\"",
    "study replay --traces . --policies snapkw, snapkv?"
  })
  void refusesBadInput(String words, String value) {
    Said said = Said.of((Object[]) (words + " --out " + folder.resolve("out")).split(" "));
    assertEquals(2, said.code(), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(value), said.err());
  }

  @Test
  void policiesAreReplayedOverRecordedAttention() {
    Path traces = folder.resolve("traces");
    String caption = "a large solid red circle at center on a plain blue background";
    String[] record = {
      "generate",
      "--random-weights",
      "3,2x32x2",
      "--prompt",
      caption,
      "--seeds",
      "2",
      "--record",
      traces.toString(),
      "--json",
      "-q"
    };
    Said said = Said.of((Object[]) record);
    assertEquals(0, said.code(), said.err());
    assertEquals(2, said.json().get("recorded").asInt());
    assertEquals(0, Said.of((Object[]) record).json().get("recorded").asInt());
    Said replay =
        Said.of(
            "study",
            "replay",
            "--traces",
            traces,
            "--policies",
            "h2o,snapkv:window=grid,w=16,scalekv",
            "--budgets",
            "10%,27t",
            "--out",
            folder.resolve("out"),
            "--json",
            "-q");
    assertEquals(0, replay.code(), replay.err());
    JsonNode rows = replay.json().get("replay");
    assertEquals(6, rows.size());
    assertEquals("snapkv:w=16,window=grid", rows.get(1).get("policy").asString());
    assertEquals(
        rows.get(1).get("outputError").doubleValue(), rows.get(4).get("outputError").doubleValue());
    assertTrue(rows.get(2).get("reason").asString().contains("--roles"), rows.toString());
  }
}
