package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProfileOptionsTest {
  @ParameterizedTest
  @CsvSource({"5%,1,1", "5%,20,1", "5%,21,2", "5%,60,3", "5%,140,7", "5%,265,14", "100%,7,7"})
  void topKeysAreRoundedUp(String keys, int history, int expected) {
    assertEquals(expected, TopKeys.parse(keys).of(history));
    assertEquals(keys, TopKeys.parse(keys).toString());
  }

  @Test
  void fixedTopKeysAreCutToTheHistory() {
    assertEquals(5, TopKeys.parse("14").of(5));
    assertEquals(14, TopKeys.parse("14").of(265));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-3", "0%", "101%", "x", "", "%"})
  void badTopKeysAreRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> TopKeys.parse(text));
  }

  @Test
  void badOptionsAreNamed() {
    Exception e =
        assertThrows(
            IllegalArgumentException.class, () -> ProfileOptions.defaults().withQuerySamples(0));
    assertTrue(e.getMessage().contains("query samples must be at least 1, got 0"));
    assertThrows(
        IllegalArgumentException.class, () -> ProfileOptions.defaults().withHistoryTopK(null));
  }

  @ParameterizedTest
  @EnumSource(LayerStatistic.class)
  void metricsAreFoundByName(LayerStatistic metric) {
    assertEquals(metric, LayerStatistic.ofCliName(metric.cliName()));
    assertEquals(metric.highMeansRefiner(), metric.sign() > 0);
  }

  @Test
  void unknownMetricListsTheKnownOnes() {
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> LayerStatistic.ofCliName("asl"));
    assertTrue(e.getMessage().contains("asi, ") && e.getMessage().contains("asl"));
  }

  @Test
  void drawsAreDistinctAndUniform() {
    int[] hits = new int[10];
    for (int prompt = 0; prompt < 5000; prompt++) {
      int[] drawn = QuerySampler.draw(3, prompt, 1, 2, 10, 4);
      assertEquals(4, Arrays.stream(drawn).distinct().count());
      hits[drawn[0]]++;
      hits[drawn[3]]++;
    }
    for (int h : hits) {
      assertEquals(1000, h, 150, Arrays.toString(hits));
    }
    assertEquals(6, QuerySampler.draw(0, 0, 0, 0, 6, ProfileOptions.ALL).length);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 100, 1500})
  void orderStatisticsAgreeWithSorting(int n) {
    Random random = new Random(n);
    float[] row = new float[n];
    for (int i = 0; i < n; i++) {
      row[i] = (float) Math.pow(random.nextDouble(), 1 + random.nextInt(20));
    }
    row[0] = 1;
    float[] sorted = row.clone();
    Arrays.sort(sorted);
    RowOrder order = new RowOrder();
    double weighted = 0;
    double total = 0;
    for (int i = 0; i < n; i++) {
      weighted += (2.0 * i + 1 - n) * sorted[i];
      total += sorted[i];
    }
    assertEquals(weighted / (n * total), order.gini(row, 0, n), 1e-12);
    double top = 0;
    for (int k = 1; k <= n; k++) {
      top += sorted[n - k];
      assertEquals(top, order.topSum(row, 0, n, k), 1e-9 * top);
    }
  }
}
