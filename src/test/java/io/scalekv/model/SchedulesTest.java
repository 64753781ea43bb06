package io.scalekv.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulesTest {
  /** Every row of the published table, its two sums included. */
  @TestFactory
  Stream<DynamicTest> everyRow() throws IOException {
    try (InputStream in = SchedulesTest.class.getResourceAsStream("schedules-reference.csv")) {
      List<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      assertEquals(1 + 15 * 4, lines.size());
      return lines.stream()
          .skip(1)
          .map(line -> DynamicTest.dynamicTest(line, () -> checkRow(line.split(","))));
    }
  }

  private static void checkRow(String[] cells) {
    double ratio = Double.parseDouble(cells[0]);
    ScaleSchedule s = Schedules.of(ratio, cells[1]);
    assertEquals(cells[4], String.join(" ", s.maps().stream().map(TokenMap::toString).toList()));
    assertEquals(Integer.parseInt(cells[5]), s.totalTokens());
    assertEquals(Integer.parseInt(cells[6]), s.historyTokens());
    assertEquals(Integer.parseInt(cells[2]), 16 * s.last().height(), "pixels");
    assertEquals(Integer.parseInt(cells[3]), 16 * s.last().width(), "pixels");
    assertEquals(s.maps(), Schedules.of(ratio, "1M").maps().subList(0, s.scales()), "a prefix");
  }

  @Test
  void fifteenRatiosAscend() {
    List<Double> ratios = Schedules.ratios();
    assertEquals(15, ratios.size());
    assertEquals(ratios.stream().sorted().toList(), ratios);
  }

  @ParameterizedTest
  @CsvSource({
    "1.0,1.0",
    "0.01,0.333",
    "99,3.0",
    "1.02,1.0",
    "0.6666,0.666",
    "0.9,1.0",
    "0.45,0.5",
    "0.5355,0.571",
    "0.775,0.8"
  })
  void nearestRatio(double asked, double found) {
    assertEquals(found, Schedules.nearestRatio(asked));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void ratioMustBePositive(double ratio) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> Schedules.nearestRatio(ratio));
    assertTrue(e.getMessage().endsWith("got " + ratio), e.getMessage());
  }

  @Test
  void unknownSizeIsRefused() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> Schedules.of(1, "2M"));
    assertTrue(e.getMessage().endsWith("got 2M"), e.getMessage());
  }

  @Test
  void rotaryReferenceIsTheLastMapOfTheLargestSize() {
    assertEquals(new TokenMap(64, 64), Schedules.rotaryReference(1));
    assertTrue(Schedules.rotaryReference(0.333).width() > 64);
  }
}
