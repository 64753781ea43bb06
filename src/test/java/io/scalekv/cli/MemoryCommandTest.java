package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.PaperCsv;
import io.scalekv.model.ModelCatalog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The memory command as users type it. */
final class MemoryCommandTest {
  private static JsonNode memory(Object... words) {
    List<Object> all = new ArrayList<>(List.of("memory", "--json"));
    all.addAll(List.of(words));
    Said said = Said.of(all.toArray());
    assertEquals(0, said.code(), said.err());
    assertEquals("", said.err());
    return said.json();
  }

  static List<List<String>> table1() {
    return PaperCsv.rows("scalekv_table1.csv");
  }

  private static JsonNode only(JsonNode report) {
    assertEquals(1, report.get("rows").size(), report.toString());
    return report.get("rows").get(0);
  }

  @ParameterizedTest
  @MethodSource("table1")
  void table1ToTheDigit(List<String> row) {
    String model = row.get(0).toLowerCase(Locale.ROOT);
    boolean full = row.get(1).equals("full");
    for (String budget :
        full ? List.of("full") : List.of(row.get(3) + "t", "paper-" + row.get(2))) {
      JsonNode r = only(memory("--model", model, "--batch", 8, "--budget", budget));
      assertEquals(Long.parseLong(row.get(4)), r.get("kvBytes").asLong() >> 20);
      assertEquals(Integer.parseInt(row.get(3)), r.get("budgetTokens").asInt());
    }
  }

  @ParameterizedTest
  @CsvSource({"infinity-2b,38550,7800,3900,1590", "infinity-8b,84328,17062,8531,3478"})
  void theEightFiguresAreTheDefault(String model, long full, long p20, long p10, long p4) {
    JsonNode report = memory("--model", model, "--batch", 8);
    long[] expected = {full, p20, p10, p4};
    assertEquals(4, report.get("rows").size());
    for (int i = 0; i < 4; i++) {
      assertEquals(expected[i], report.get("rows").get(i).get("kvBytes").asLong() >> 20);
    }
    assertEquals(6425, report.get("fullTokens").asInt());
    assertEquals(full, report.get("fullKvBytes").asLong() >> 20);
    assertEquals("fp32", report.get("keyType").asString());
    assertEquals("bf16", report.get("valueType").asString());
    assertEquals(2, report.get("branches").asInt());
    assertEquals(8, report.get("batch").asInt());
  }

  static List<List<String>> table3() {
    return PaperCsv.rows("scalekv_table3.csv");
  }

  /**
   * Thousands of MiB, within 1 %; the one figure below 2 (1.1) is printed too coarsely for that and
   * must agree as far as it is printed.
   */
  @ParameterizedTest
  @MethodSource("table3")
  void table3WithinOnePercent(List<String> row) {
    JsonNode report =
        memory(
            "--model",
            row.get(0).toLowerCase(Locale.ROOT),
            "--batch",
            row.get(2),
            "--budget",
            row.get(1).equals("full") ? "full" : "paper-10");
    double computed = only(report).get("kvBytes").asDouble() / (1 << 20) / 1000;
    double printed = Double.parseDouble(row.get(4));
    assertEquals(printed, computed, printed < 2 ? 0.05 : 0.01 * printed, String.join(",", row));
  }

  @Test
  void otherFactors() {
    Object[] two = {"--model", "infinity-2b", "--policy", "snapkv", "--budget", "650t"};
    long bytes = only(memory(two)).get("kvBytes").asLong();
    JsonNode one = memory(with(two, "--cfg", 1));
    assertEquals(bytes / 2, only(one).get("kvBytes").asLong());
    assertEquals(1, one.get("branches").asInt());
    JsonNode half = memory(with(two, "--key-type", "bf16"));
    assertEquals(bytes / 6 * 4, only(half).get("kvBytes").asLong());
    JsonNode eight = memory(with(two, "--key-type", "int8", "--value-type", "int8"));
    long numbers = 650L * 32 * 2048 * 2 * 2;
    long keyScales = 12L * 32 * 2048 * 4 * 2;
    long valueScales = 650L * 32 * 16 * 4 * 2;
    assertEquals(numbers + keyScales + valueScales, only(eight).get("kvBytes").asLong());
    JsonNode inverse =
        only(
            memory(
                "--model",
                "infinity-2b",
                "--batch",
                8,
                "--policy",
                "snapkv",
                "--budget",
                "3900MiB"));
    assertEquals(650, inverse.get("budgetTokens").asInt());
    assertEquals(3900, inverse.get("peakKvBytes").asLong() >> 20);
    // float32 keys and values of 650 + 4096 tokens of one layer, 16 rows
    assertEquals((3900L << 20) + 4746L * 2048 * 8 * 16, inverse.get("workingPeakBytes").asLong());
  }

  private static Object[] with(Object[] words, Object... more) {
    List<Object> all = new ArrayList<>(List.of(words));
    all.addAll(List.of(more));
    return all.toArray();
  }

  /** A budget in bytes is never exceeded, and holds more tokens in smaller numbers. */
  @Test
  void bytesAreThePeakInEveryFormat() {
    int before = 0;
    for (String type : List.of("fp32", "bf16", "int8")) {
      JsonNode report =
          memory(
              "--budget", "1MiB", "--key-type", type, "--value-type", type, "--measure", "--quiet");
      JsonNode row = only(report);
      assertTrue(row.get("peakKvBytes").asLong() <= 1 << 20, row.toString());
      assertEquals(row.get("peakKvBytes"), row.get("measured").get("peakKvBytes"));
      assertEquals(row.get("workingPeakBytes"), row.get("measured").get("workingPeakBytes"));
      assertTrue(row.get("budgetTokens").asInt() > before, row.toString());
      before = row.get("budgetTokens").asInt();
    }
  }

  @Test
  void policiesAndBudgetsArePairedAndRefusedBudgetsAreNotes() {
    JsonNode report =
        memory(
            "--policy",
            "snapkv",
            "--policy",
            "pyramidkv",
            "--policy",
            "ams-kv",
            "--budget",
            "10%",
            "--budget",
            "90%");
    assertEquals(6, report.get("rows").size());
    JsonNode refused = report.get("rows").get(2);
    assertTrue(refused.get("note").asString().contains("n/a"), refused.toString());
    JsonNode pyramid = report.get("rows").get(1);
    assertTrue(pyramid.get("peakKvBytes").asLong() > pyramid.get("kvBytes").asLong());
    assertEquals(
        100.0 * pyramid.get("peakKvBytes").asLong() / report.get("fullKvBytes").asLong(),
        pyramid.get("percentOfFull").asDouble(),
        1e-3);
  }

  /** Half of the cache is gone where it is largest, by formula and measured. */
  @ParameterizedTest
  @ValueSource(strings = {"fp32", "int8"})
  void anUnconditionalBranchThatEnds(String type) {
    List<Object> words =
        List.of("--budget", "full", "--budget", "10%", "--policy", "h2o", "--key-type", type);
    Object[] all = with(words.toArray(), "--value-type", type, "--measure", "--quiet");
    JsonNode whole = memory(all);
    for (int until = 1; until <= 7; until++) {
      JsonNode ends = memory(with(all, "--cfg-until", until));
      for (int r = 0; r < 2; r++) {
        JsonNode row = ends.get("rows").get(r);
        long peak = row.get("peakKvBytes").asLong();
        assertEquals(row.get("peakKvBytes"), row.get("measured").get("peakKvBytes"));
        long working = row.get("measured").get("workingPeakBytes").asLong();
        assertTrue(r == 0 || row.get("workingPeakBytes").asLong() == working, row.toString());
        long full = whole.get("rows").get(r).get("peakKvBytes").asLong();
        assertTrue(until == 7 ? peak == full : peak <= full, row.toString());
        assertTrue(until > 3 || r > 0 || peak == full / 2, row.toString());
      }
    }
  }

  @Test
  void schedulesOfOtherSizes() {
    JsonNode wide = memory("--model", "infinity-2b", "--aspect", 0.5, "--size", "0.25M");
    List<String> maps = wide.get("schedule").valueStream().map(JsonNode::asString).toList();
    assertEquals("1x1", maps.get(0));
    String[] last = maps.get(maps.size() - 1).split("x");
    assertEquals(2, Integer.parseInt(last[1]) / Integer.parseInt(last[0]));
    JsonNode pocket = memory("--value-type", "bf16");
    assertEquals("pocket", pocket.get("model").asString());
    assertEquals(265, pocket.get("rows").get(0).get("budgetTokens").asInt());
    assertEquals(265L * 12 * 128 * 6 * 2, pocket.get("rows").get(0).get("kvBytes").asLong());
  }

  @Test
  void aFolderNeedsNothingButItsConfig(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("config.json"), ModelCatalog.config("infinity-2b").json());
    JsonNode report = memory("--model", folder, "--batch", 8, "--budget", "650t");
    assertEquals(3900, only(report).get("kvBytes").asLong() >> 20);
    String json = ModelCatalog.config("infinity-2b").json();
    Files.writeString(
        folder.resolve("config.json"),
        json.replace("\"depth\" : 32", "\"depth\" : 2147483640")
            .replace("\"width\" : 2048", "\"width\" : 2147483392")
            .replace("\"heads\" : 16", "\"heads\" : 1"));
    Said said = Said.of("memory", "--model", folder, "--batch", 1000000);
    assertEquals(2, said.code(), said.err());
    assertTrue(said.err().contains("2^63"), said.err());
  }

  @Test
  void theTableForPeople() {
    Said said = Said.of("memory", "--model", "infinity-2b", "--batch", 8, "--policy", "snapkv");
    assertEquals(0, said.code(), said.err());
    List<String> lines = said.out().lines().toList();
    assertEquals(9, lines.size(), said.out());
    assertTrue(lines.get(1).contains("6425 tokens"), said.out());
    assertEquals(
        List.of("snapkv", "paper-10", "650", "10.12", "3900.00", "3900.00", "5086.50"),
        List.of(lines.get(6).strip().split(" +")));
    assertTrue(Said.of("memory").out().contains("pocket"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --budget | 0t | budget
          --budget | many | many
          --batch | 0 | --batch
          --cfg | -1 | cfg
          --key-type | fp16 | --key-type
          --value-type | int4 | --value-type
          --policy | lru | lru
          --model | infinity | --model
          --size | 2M | --size
          --aspect | 9 | --aspect
          """)
  void badOptionsAreRefusedInOneLine(String option, String value, String part) {
    Said said = Said.of("memory", option, value);
    assertEquals(2, said.code());
    assertEquals("", said.out());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(part), said.err());
  }
}
