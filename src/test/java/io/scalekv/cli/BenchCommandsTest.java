package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** {@code bench} on models of two layers: what is measured, and what is left behind. */
final class BenchCommandsTest {
  private static final int[] TOKENS = {1, 4, 16, 36, 64, 144, 256};
  private static final List<String> TINY =
      List.of(
          "--model",
          "experiments/geometry-768",
          "--random-weights",
          "1",
          "--depth",
          "2",
          "--width",
          "64",
          "--heads",
          "2",
          "--text-tokens",
          "5",
          "--size",
          "0.06M",
          "--quiet",
          "--json");

  @TempDir Path folder;

  private Said bench(String command, List<String> words, Object... more) {
    List<Object> all = new ArrayList<>(List.of("bench", command));
    all.addAll(words);
    all.addAll(List.of("--out", folder));
    all.addAll(List.of(more));
    return Said.of(all.toArray());
  }

  @Test
  void speedCountsAndMeasures() throws IOException {
    Said said = bench("speed", TINY, "--repeats", 2, "--gemm-side", 64, "--name", "whole", "--ops");
    assertEquals(0, said.code(), said.err());
    String ops = Files.readString(folder.resolve("ops-whole.md"));
    assertTrue(ops.contains("| aten::addmm "), ops);
    assertTrue(ops.matches("(?s).*Linear layers: [0-9.]+ GFLOP in [0-9.]+ s .*"), ops);
    JsonNode run = said.json();
    assertEquals(2, run.get("generations").size());
    assertEquals(3, run.get("rates").get("fp32").size());
    for (JsonNode g : run.get("generations")) {
      for (String part : List.of("textSeconds", "mapSeconds", "tokenizerSeconds")) {
        assertTrue(g.get(part).asDouble() > 0, run.toString());
      }
    }
    double attention = 0;
    int held = 0;
    for (int n : TOKENS) {
      held += n;
      // two layers, two rows, 64 wide, scores and values; history, own map and 5 text tokens
      attention += 2 * 2 * 64 * 4.0 * n * (held + 5);
    }
    assertEquals(attention / 1e9, run.get("gflop").get("attention").asDouble(), 1e-9);
    double blocks = 2.0 * 2 * 521 * 2 * (6 * 64 * 64 + 2 * 64 * 256);
    assertEquals(blocks / 1e9, run.get("gflop").get("blocks").asDouble(), 1e-9);
    assertEquals(2L * 2 * 64 * 8 * 265, run.get("memory").get("kvBytes").asLong());
    Said cut =
        bench(
            "speed",
            TINY,
            "--repeats",
            1,
            "--gemm-side",
            64,
            "--policy",
            "scalekv",
            "--budget",
            "20%",
            "--no-image",
            "--dtype",
            "bf16");
    assertEquals(0, cut.code(), cut.err());
    JsonNode gflop = cut.json().get("gflop");
    assertTrue(gflop.get("attention").asDouble() < attention / 1e9, gflop.toString());
    assertEquals(0, gflop.get("tokenizer").asDouble());
    List<String> csv = Files.readAllLines(folder.resolve("speed.csv"));
    assertEquals(3, csv.size(), csv.toString());
    assertTrue(csv.get(1).contains(",scalekv,20%,") || csv.get(2).contains(",scalekv,20%,"));
    assertTrue(Files.readString(folder.resolve("speed.md")).contains("libtorch"));
  }

  @Test
  void growthFitsAndIsResumed() throws IOException {
    List<String> words =
        List.of(
            "--axis",
            "layers",
            "--points",
            "1,2,4",
            "--width",
            "64",
            "--size",
            "0.06M",
            "--policies",
            "full",
            "--repeats",
            "1",
            "--gemm-side",
            "64",
            "--in-process",
            "--quiet",
            "--json");
    Said said = bench("growth", words);
    assertEquals(0, said.code(), said.err());
    JsonNode report = said.json();
    assertEquals(3, report.get("measured").asInt());
    JsonNode kv = null;
    for (JsonNode g : report.get("growth")) {
      kv = g.get("measure").asString().equals("KV MiB") ? g : kv;
    }
    assertEquals(1, kv.get("law").get("exponent").asDouble(), 1e-9);
    for (String file :
        List.of(
            "growth-layers.csv",
            "growth-layers.md",
            "growth-layers-points.csv",
            "growth-layers-seconds.png",
            "growth-layers-seconds.svg",
            "growth-layers-memory.png")) {
      assertTrue(Files.size(folder.resolve(file)) > 0, file);
    }
    Said again = bench("growth", words);
    assertEquals(3, again.json().get("kept").asInt(), again.err());
  }

  @Test
  void soakSamplesTheProcess() throws IOException {
    Said said = bench("soak", TINY, "--images", 8, "--every", 2, "--batch", 2);
    assertEquals(0, said.code(), said.err());
    List<String> csv = Files.readAllLines(folder.resolve("soak.csv"));
    assertEquals(5, csv.size(), csv.toString());
    assertTrue(csv.get(4).startsWith("8,"), csv.get(4));
    JsonNode report = said.json();
    assertEquals(4, report.get("rss").get("samples").asInt());
    assertTrue(report.get("allocatedMiB").asDouble() > 0, report.toString());
    assertTrue(Files.size(folder.resolve("soak.png")) > 0);
    assertTrue(Files.size(folder.resolve("soak.json")) > 0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "growth --axis depth | --axis: tokens or batch or layers expected, got depth",
        "growth --axis layers --points 3 | two points and a policy expected",
        "growth --axis layers --width 100 | a multiple of 64 expected, got 100",
        "growth --axis layers --points 0,1 --width 64 --in-process -q | --depth",
        "soak --images 10 --every 3 | each a multiple of the next",
        "speed --repeats 0 | --repeats"
      })
  void badInputIsRefused(String line) {
    String[] parts = line.split(" \\| ");
    String[] words = parts[0].split(" ");
    Said said = bench(words[0], List.of(words).subList(1, words.length));
    assertEquals(2, said.code(), said.err());
    assertTrue(said.err().contains(parts[1]), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
  }

  @Test
  void whatToMeasureIsAsked() {
    Said said = Said.of("bench");
    assertEquals(2, said.code());
    assertTrue(said.err().contains("speed, growth or soak expected"), said.err());
  }
}
