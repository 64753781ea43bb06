package io.scalekv.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MemoryModelTest {
  private static final ScaleSchedule MEGAPIXEL =
      ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64);

  private static MemoryModel model(String name, int batch) {
    return switch (name) {
      case "Infinity-2B" -> MemoryModel.infinity(32, 2048, batch);
      case "Infinity-8B" -> MemoryModel.infinity(40, 3584, batch);
      default -> throw new IllegalArgumentException(name);
    };
  }

  static List<List<String>> table1() {
    return PaperCsv.rows("scalekv_table1.csv");
  }

  @ParameterizedTest
  @MethodSource("table1")
  void table1ToTheDigit(List<String> row) {
    assertEquals(Long.parseLong(row.get(4)), model(row.get(0), 8).mib(Long.parseLong(row.get(3))));
  }

  @Test
  void table1HasEightFigures() {
    TreeSet<String> figures = new TreeSet<>();
    table1().forEach(row -> figures.add(row.get(0) + row.get(4)));
    assertEquals(8, figures.size());
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
    int tokens = row.get(1).equals("full") ? MEGAPIXEL.historyTokens() : 650;
    MemoryModel memory = model(row.get(0), Integer.parseInt(row.get(2)));
    double computed = memory.bytes(tokens) / (double) (1 << 20) / 1000;
    double printed = Double.parseDouble(row.get(4));
    int point = row.get(4).indexOf('.');
    double half = 0.5 * Math.pow(10, point < 0 ? 0 : -(row.get(4).length() - point - 1));
    double allowed = Math.max(0.01 * printed, printed < 2 ? half : 0);
    assertEquals(printed, computed, allowed, String.join(",", row));
  }

  @Test
  void bothDenominators() {
    assertEquals(6425, TokensOf.HISTORY.tokens(MEGAPIXEL));
    assertEquals(10521, TokensOf.ALL.tokens(MEGAPIXEL));
    // HACK++ counts all maps: 16.86 GiB for Infinity-8B, one image.
    double gib = model("Infinity-8B", 1).fullBytes(MEGAPIXEL, TokensOf.ALL) / (double) (1L << 30);
    assertEquals(16.86, gib, 0.005);
    assertEquals(16.4, MemoryModel.percent(1052, MEGAPIXEL, TokensOf.HISTORY), 0.05);
    assertEquals(10, MemoryModel.percent(1052, MEGAPIXEL, TokensOf.ALL), 0.01);
    assertEquals(6 << 20, model("Infinity-2B", 8).bytesPerToken());
  }

  @Test
  void badFactorsAreRefused() {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> new MemoryModel(1, 1, 0, 2, 2, 1));
    assertEquals("memory model: bytes of a key: at least 1 expected, got 0", error.getMessage());
    assertThrows(IllegalArgumentException.class, () -> MemoryModel.infinity(1, 1, 1).bytes(-1));
    MemoryModel huge = MemoryModel.infinity(Integer.MAX_VALUE, Integer.MAX_VALUE, 1);
    assertTrue(
        assertThrows(ArithmeticException.class, () -> huge.bytes(6425)).getMessage() != null);
  }
}
