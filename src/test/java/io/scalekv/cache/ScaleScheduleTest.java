package io.scalekv.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScaleScheduleTest {
  /** Token by token: the map that each of them belongs to. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void agreesWithAListOfTokens(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<TokenMap> maps = new ArrayList<>();
    List<Integer> scaleOfToken = new ArrayList<>();
    int scales = random.nextInt(1, 8);
    for (int k = 0; k < scales; k++) {
      TokenMap map = new TokenMap(random.nextInt(1, 6), random.nextInt(1, 6));
      maps.add(map);
      for (int i = 0; i < map.height() * map.width(); i++) {
        scaleOfToken.add(k);
      }
    }
    ScaleSchedule schedule = new ScaleSchedule(maps);
    assertEquals(scales, schedule.scales());
    assertEquals(maps.get(scales - 1), schedule.last());
    assertEquals(scaleOfToken.size(), schedule.totalTokens());
    assertEquals(scaleOfToken.indexOf(scales - 1), schedule.historyTokens());
    for (int k = 0; k < scales; k++) {
      assertEquals(maps.get(k), schedule.map(k));
      assertEquals(scaleOfToken.indexOf(k), schedule.tokensBefore(k));
    }
    for (int i = 0; i < scaleOfToken.size(); i++) {
      assertEquals(scaleOfToken.get(i), schedule.scaleOf(i));
    }
    int end = scaleOfToken.size();
    assertThrows(IndexOutOfBoundsException.class, () -> schedule.scaleOf(end));
    maps.clear();
    assertEquals(scales, schedule.scales());
  }

  @Test
  void noMapIsRefused() {
    assertThrows(IllegalArgumentException.class, ScaleSchedule::ofSides);
    assertThrows(IllegalArgumentException.class, () -> ScaleSchedule.ofSides(0));
    assertThrows(IllegalArgumentException.class, () -> new TokenMap(1, 0));
    assertEquals(
        new ScaleSchedule(List.of(new TokenMap(1, 1), new TokenMap(3, 3))),
        ScaleSchedule.ofSides(1, 3));
  }
}
