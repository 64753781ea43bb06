package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.PaperCsv;
import io.scalekv.model.ModelConfig;
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

  @ParameterizedTest
  @MethodSource("table1")
  void table1ToTheDigit(List<String> row) {
    String model = row.get(0).toLowerCase(Locale.ROOT);
    String budget = row.get(1).equals("full") ? "full" : row.get(3) + "t";
    JsonNode report = memory("--model", model, "--batch", 8, "--budget", budget);
    assertEquals(Long.parseLong(row.get(4)), report.get("kvCacheMiB").asLong());
    assertEquals(Integer.parseInt(row.get(3)), report.get("tokensPerLayerAndHead").asInt());
    assertEquals(report.get("kvCacheMiB"), report.get("rows").get(0).get("kvCacheMiB"));
    assertEquals(1, report.get("rows").size());
    if (!row.get(1).equals("full")) {
      JsonNode preset = memory("--model", model, "--batch", 8, "--budget", "paper-" + row.get(2));
      assertEquals(report.get("kvCacheMiB"), preset.get("kvCacheMiB"));
    }
  }

  @ParameterizedTest
  @CsvSource({"infinity-2b,38550,7800,3900,1590", "infinity-8b,84328,17062,8531,3478"})
  void theEightFiguresAreTheDefault(String model, long full, long p20, long p10, long p4) {
    JsonNode report = memory("--model", model, "--batch", 8);
    long[] expected = {full, p20, p10, p4};
    assertEquals(4, report.get("rows").size());
    for (int i = 0; i < 4; i++) {
      assertEquals(expected[i], report.get("rows").get(i).get("kvCacheMiB").asLong());
    }
    assertFalse(report.has("kvCacheMiB"));
    assertFalse(report.has("only"));
    assertEquals("history", report.get("denominator").asString());
    assertEquals(6425, report.get("denominatorTokens").asInt());
    assertEquals("fp32", report.get("keyType").asString());
    assertEquals("bf16", report.get("valueType").asString());
    assertEquals(2, report.get("branches").asInt());
    assertEquals(8, report.get("batch").asInt());
  }

  @Test
  void aGenerationNeedsItsPartsTogether() {
    Object[] words = {"--model", "infinity-8b", "--batch", 2, "--budget", "10%", "--dtype"};
    JsonNode half = memory(with(words, "bf16", "--no-image"));
    JsonNode parts = half.get("generation");
    assertEquals("bf16", parts.get("dtype").asString());
    assertEquals(0, parts.get("tokenizerMiB").asLong());
    long sum =
        half.get("peakFormulaMiB").asLong()
            + parts.get("weightsMiB").asLong()
            + parts.get("activationsMiB").asLong();
    assertEquals(sum, half.get("generationMiB").asLong(), 3);
    JsonNode whole = memory(with(words, "fp32"));
    long tokenizer = whole.get("generation").get("tokenizerMiB").asLong();
    assertTrue(tokenizer > 100, whole.toString());
    double ratio =
        whole.get("generation").get("weightsMiB").asDouble() / parts.get("weightsMiB").asDouble();
    assertEquals(2, ratio, 0.01, "weights in fp32 by bf16");
    assertFalse(memory("--model", "infinity-8b").path("generation").isObject());
  }

  private static Object[] with(Object[] words, Object... more) {
    List<Object> all = new ArrayList<>(List.of(words));
    all.addAll(List.of(more));
    return all.toArray();
  }

  @ParameterizedTest
  @CsvSource({
    "'memory --dtype fp16','--dtype: fp32 or bf16 expected, got fp16'",
    "'memory --no-image','--no-image: --dtype expected with it, got none'"
  })
  void aWrongNumberFormatIsOneLine(String command, String line) {
    Said said = Said.of((Object[]) command.split(" "));
    assertEquals(2, said.code());
    assertTrue(said.err().contains(line), said.err());
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
    double computed = report.get("kvCacheBytes").asDouble() / (1 << 20) / 1000;
    double printed = Double.parseDouble(row.get(4));
    assertEquals(printed, computed, printed < 2 ? 0.05 : 0.01 * printed, String.join(",", row));
  }

  @Test
  void allMapsAsHackCountsThem() {
    JsonNode all = memory("--model", "infinity-8b", "--budget", "full", "--tokens-of", "all");
    assertEquals(16.86, all.get("kvCacheBytes").asDouble() / (1L << 30), 0.005);
    assertEquals(10521, all.get("tokensPerLayerAndHead").asInt());
    assertEquals(100.0, all.get("percentOfFull").asDouble());
    assertEquals(all.get("kvCacheBytes"), all.get("peakBytesFormula"));
    JsonNode tenth = memory("--model", "infinity-8b", "--budget", "1052t", "--tokens-of", "all");
    assertEquals(9.999, tenth.get("percentOfFull").asDouble());
    tenth = memory("--model", "infinity-8b", "--budget", "1052t");
    assertEquals(16.374, tenth.get("percentOfFull").asDouble());
  }

  @Test
  void otherFactors() {
    String[] two = {"--model", "infinity-2b", "--budget", "650t"};
    long bytes = memory((Object[]) two).get("kvCacheBytes").asLong();
    JsonNode one = memory("--model", "infinity-2b", "--budget", "650t", "--cfg", 1);
    assertEquals(bytes / 2, one.get("kvCacheBytes").asLong());
    assertEquals(1, one.get("branches").asInt());
    JsonNode half = memory("--model", "infinity-2b", "--budget", "650t", "--key-type", "bf16");
    assertEquals(bytes / 6 * 4, half.get("kvCacheBytes").asLong());
    JsonNode eight =
        memory(
            "--model",
            "infinity-2b",
            "--budget",
            "650t",
            "--key-type",
            "int8",
            "--value-type",
            "int8");
    long numbers = 650L * 32 * 2048 * 2 * 2;
    long keyScales = 12L * 32 * 2048 * 4 * 2;
    long valueScales = 650L * 32 * 16 * 4 * 2;
    assertEquals(numbers + keyScales + valueScales, eight.get("kvCacheBytes").asLong());
    JsonNode inverse = memory("--model", "infinity-2b", "--batch", 8, "--budget", "3900MiB");
    assertEquals(650, inverse.get("tokensPerLayerAndHead").asInt());
    assertEquals(3900 + 768, inverse.get("peakFormulaMiB").asInt());
  }

  @Test
  void schedulesOfOtherSizes() {
    JsonNode wide = memory("--model", "infinity-2b", "--aspect", 0.5, "--size", "0.25M");
    List<String> maps = wide.get("schedule").valueStream().map(JsonNode::asString).toList();
    assertEquals("1x1", maps.get(0));
    String[] last = maps.get(maps.size() - 1).split("x");
    assertEquals(2, Integer.parseInt(last[1]) / Integer.parseInt(last[0]));
    JsonNode pocket = memory();
    assertEquals("pocket", pocket.get("model").asString());
    assertEquals(265, pocket.get("rows").get(0).get("tokensPerLayerAndHead").asInt());
    assertEquals(265L * 12 * 128 * 6 * 2, pocket.get("rows").get(0).get("kvCacheBytes").asLong());
  }

  @Test
  void aFolderNeedsNothingButItsConfig(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("config.json"), ModelConfig.infinity2b().json());
    JsonNode report = memory("--model", folder, "--batch", 8, "--budget", "650t");
    assertEquals(3900, report.get("kvCacheMiB").asInt());
    String json = ModelConfig.infinity2b().json();
    Files.writeString(
        folder.resolve("config.json"),
        json.replace("\"depth\" : 32", "\"depth\" : 2147483640")
            .replace("\"width\" : 2048", "\"width\" : 2147483392")
            .replace("\"heads\" : 16", "\"heads\" : 1"));
    Said said = Said.of("memory", "--model", folder, "--batch", 1000000);
    assertEquals(2, said.code(), said.err());
    assertTrue(said.err().contains("2^63 bytes expected, got more"), said.err());
  }

  @Test
  void theTableForPeople() {
    Said said = Said.of("memory", "--model", "infinity-2b", "--batch", 8);
    assertEquals(0, said.code(), said.err());
    List<String> lines = said.out().lines().toList();
    assertEquals(7, lines.size(), said.out());
    assertTrue(lines.get(1).contains("6425 tokens"), said.out());
    assertEquals(
        List.of("paper-10", "650", "10.12", "3900", "4668"),
        List.of(lines.get(5).strip().split(" +")));
    assertTrue(Said.of("memory").out().contains("pocket"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --budget | 0t | at least 1 token expected
          --budget | many | budget: 10%
          --batch | 0 | --batch: a whole number
          --cfg | -1 | --cfg: a number
          --tokens-of | most | --tokens-of: history or all
          --key-type | fp16 | --key-type: fp32 or bf16 or int8
          --value-type | int4 | --value-type: fp32 or bf16 or int8
          --model | infinity | --model: pocket
          --size | 2M | --size
          --aspect | 9 | --aspect
          """)
  void badOptionsAreRefusedInOneLine(String option, String value, String message) {
    Said said = Said.of("memory", option, value);
    assertEquals(2, said.code());
    assertEquals("", said.out());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(message), said.err());
  }
}
