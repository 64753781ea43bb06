package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class StatisticsFileTest {
  private static final ScaleSchedule MAPS =
      new ScaleSchedule(List.of(new TokenMap(1, 1), new TokenMap(2, 3), new TokenMap(4, 4)));

  @TempDir Path folder;

  private static AttentionProfile profile(int prompts) {
    return Profiles.random(3, 3, 2, MAPS, prompts);
  }

  @Test
  void everyBitComesBack() throws IOException {
    AttentionProfile written = profile(4);
    Map<String, String> source = Map.of("model", "pocket", "negative", "");
    Path file = folder.resolve("s.safetensors");
    StatisticsFile.write(written, source, file);
    StatisticsFile.Content read = StatisticsFile.read(file);
    assertEquals(source, read.source());
    assertEquals(written.geometry(), read.profile().geometry());
    assertEquals(written.options(), read.profile().options());
    assertEquals(written.prompts(), read.profile().prompts());
    for (LayerStatistic metric : LayerStatistic.values()) {
      assertArrayEquals(
          LayerStatistics.of(written).value(metric),
          LayerStatistics.of(read.profile()).value(metric));
    }
    byte[] first = Files.readAllBytes(file);
    StatisticsFile.write(read.profile(), source, file);
    assertArrayEquals(first, Files.readAllBytes(file));
  }

  /** Readers of other languages find a value by the names in the metadata. */
  @Test
  void valuesAreWhereTheMetadataSay() {
    AttentionProfile written = profile(2);
    Path file = folder.resolve("s.safetensors");
    StatisticsFile.write(written, Map.of(), file);
    try (TensorSource tensors = SafetensorsFile.open(file)) {
      List<String> names = List.of(tensors.metadata().get("statistics").split(" "));
      assertEquals("1x1 2x3 4x4", tensors.metadata().get("schedule"));
      long[] shape = tensors.info("prompt.1").shape();
      assertArrayEquals(new long[] {2, 3, 3, 3, names.size()}, shape);
      double[] values = tensors.doubles("prompt.1");
      int at = (((1 * 3 + 2) * 3 + 1) * 3 + 0) * names.size();
      assertEquals(
          written.prompts().get(1).value(Branch.UNCONDITIONAL, HeadStatistic.GINI, 2, 1, 0),
          values[at + names.indexOf("gini")]);
      assertEquals(
          written.prompts().get(1).sourceMass(Branch.UNCONDITIONAL, 2, 1, 0, 1),
          values[at + names.indexOf("source-mass-1")]);
    }
  }

  @Test
  void partsCombine() {
    AttentionProfile whole = profile(5);
    ProfileGeometry g = whole.geometry();
    Path a = folder.resolve("a.safetensors");
    Path b = folder.resolve("b.safetensors");
    StatisticsFile.write(
        AttentionProfile.of(g, whole.options(), whole.prompts().subList(0, 2)), Map.of(), a);
    StatisticsFile.write(
        AttentionProfile.of(g, whole.options(), whole.prompts().subList(2, 5)), Map.of(), b);
    AttentionProfile combined =
        StatisticsFile.read(b).profile().combine(StatisticsFile.read(a).profile());
    assertEquals(whole.prompts(), combined.prompts());
    AttentionProfile twice = StatisticsFile.read(a).profile();
    assertThrows(IllegalArgumentException.class, () -> twice.combine(twice));
  }

  @ParameterizedTest
  @CsvSource({
    "format, other, 'format must be scalekv-statistics, got other'",
    "version, 2, 'version must be 1, got 2'",
    "layers, 0, 'layers must be between 1 and 2147483647, got 0'",
    "layers, 4, 'prompt.0 must have shape [2, 4, 3, 3, 18], got [2, 3, 3, 3, 18]'",
    "heads, two, 'heads must be a whole number, got two'",
    "schedule, 1x1 2x3 4x, 'schedule: token map must be HEIGHTxWIDTH, got 4x'",
    "statistics, mass, 'unknown [mass]; calibrate again'",
    "sortedRows, 3, 'sortedRows must be 8, got 3'",
    "samplingSeed, , 'missing samplingSeed'"
  })
  void oneWrongEntry(String key, String value, String message) {
    Path file = folder.resolve("s.safetensors");
    StatisticsFile.write(profile(1), Map.of(), file);
    Map<String, String> metadata;
    Map<String, TensorData> tensors = new HashMap<>();
    try (TensorSource good = SafetensorsFile.open(file)) {
      metadata = new HashMap<>(good.metadata());
      tensors.put("prompts", TensorData.of(good.ints("prompts"), 1));
      tensors.put("guided", TensorData.of(good.ints("guided"), 1));
      tensors.put(
          "prompt.0", TensorData.of(good.doubles("prompt.0"), good.info("prompt.0").shape()));
    }
    if (value == null) {
      metadata.remove(key);
    } else {
      metadata.put(key, value);
    }
    SafetensorsWriter.writeData(file, tensors, StoredType.F32, metadata);
    String error =
        assertThrows(IllegalArgumentException.class, () -> StatisticsFile.read(file)).getMessage();
    assertTrue(error.startsWith(file.toString()) && error.contains(message), error);
    assertEquals(1, error.lines().count());
  }

  @Test
  void noStatisticsAtAll() throws IOException {
    Path file = Files.writeString(folder.resolve("x.safetensors"), "no");
    assertThrows(IllegalArgumentException.class, () -> StatisticsFile.read(file));
    Path missing = folder.resolve("missing");
    assertThrows(IllegalArgumentException.class, () -> StatisticsFile.read(missing));
  }
}
