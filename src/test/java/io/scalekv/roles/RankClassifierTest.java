package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RankClassifierTest {
  private static final ToIntFunction<double[]> GAP = RankClassifier::gap;
  private static final ToIntFunction<double[]> OTSU = RankClassifier::otsu;
  private static final ToIntFunction<double[]> KNEE = RankClassifier::knee;

  private static int count(ToIntFunction<double[]> rule, double... sorted) {
    return rule.applyAsInt(sorted);
  }

  @Test
  void gapsOfTheLowerHalf() {
    assertEquals(2, count(GAP, 0, 1, 5, 6), "exactly half may be drafters");
    assertEquals(1, count(GAP, 0, 1, 6), "of three only one");
    assertEquals(1, count(GAP, 0, 2, 4, 5, 6), "the first of equal gaps");
    assertEquals(2, count(GAP, 0, 2, 5, 5, 5));
    assertEquals(1, count(GAP, -3, 7));
  }

  @Test
  void otsuTakesTheFirstOfEqualCuts() {
    assertEquals(1, count(OTSU, -1, 0, 1));
    assertEquals(1, count(OTSU, -4, 0));
    assertEquals(3, count(OTSU, 1, 1, 1, 2, 2), "never between equal scores");
  }

  /** Against the distance of each point to the straight line from the first to the last. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void kneeIsTheFarthestPointAboveTheChord(long seed) {
    double[] y = new Random(seed).doubles(3 + seed, -2, 2).sorted().toArray();
    int n = y.length - 1;
    double length = Math.hypot(n, y[n] - y[0]);
    int best = 0;
    double farthest = 1e-9;
    for (int i = 1; i < n; i++) {
      double above = (n * (y[i] - y[0]) - i * (y[n] - y[0])) / length;
      if (above > farthest) {
        farthest = above;
        best = i;
      }
    }
    assertEquals(best, count(KNEE, y));
  }

  @Test
  void kneeOfTies() {
    assertEquals(1, count(KNEE, 0, 2, 3, 3.5, 4), "the first of two as far");
    assertEquals(0, count(KNEE, 0, 1));
    assertEquals(0, count(KNEE, 2, 2, 2));
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "5", "6"})
  void theScoresOnBothSidesOfTheCut(int drafters) {
    double[][] metric = {{5}, {3}, {1}, {6}, {2}, {4}};
    RoleStatistics s = new RoleStatistics("m", metric, Orientation.LOWEST, 0, Map.of());
    ClassifiedRoles roles = RoleClassifier.of("rank", OptionalInt.of(drafters), 0).classify(s);
    assertEquals("" + drafters, roles.found().get("drafters"));
    boolean both = drafters > 0 && drafters < 6;
    assertEquals(both, roles.found().containsKey("lastDrafterZ"));
    assertEquals(both, roles.found().containsKey("firstRefinerZ"));
    if (both) {
      double deviation = Math.sqrt(17.5 / 6);
      assertEquals(
          (drafters - 3.5) / deviation,
          Double.parseDouble(roles.found().get("lastDrafterZ")),
          1e-8);
    }
    assertThrows(
        UnsupportedOperationException.class, () -> roles.settings().put("drafters", "none"));
  }

  @Test
  void settingsOfTheRankRule() {
    double[][] metric = new double[40][1];
    for (int l = 0; l < 40; l++) {
      metric[l][0] = l * l;
    }
    RoleStatistics s = new RoleStatistics("m", metric, Orientation.LOWEST, 0, Map.of());
    ClassifiedRoles some = RoleClassifier.of("rank", OptionalInt.empty(), 0).classify(s);
    assertEquals("6.5% of the pairs", some.settings().get("drafters"));
    assertEquals("3", some.found().get("drafters"), "round-half-up(2.6)");
    assertEquals(Map.of(), RoleClassifier.of("gap", OptionalInt.empty(), 0).classify(s).settings());
    RoleStatistics none = new RoleStatistics("m", metric, Orientation.LOWEST, 1, Map.of());
    for (String name : List.of("rank", "gap", "otsu", "knee")) {
      assertEquals(
          "0",
          RoleClassifier.of(name, OptionalInt.empty(), 0).classify(none).found().get("drafters"));
    }
  }

  @Test
  void whoReadsFeatures() {
    for (String name : RoleClassifier.NAMES) {
      RoleClassifier c = RoleClassifier.of(name, OptionalInt.empty(), 0);
      assertEquals(name, c.name());
      assertEquals(name.equals("k-means") || name.equals("hdbscan"), c.readsOthers());
    }
    assertTrue(RoleClassifier.of("hdbscan", OptionalInt.empty(), 0).readsOthers());
    assertFalse(
        assertThrows(
                IllegalArgumentException.class,
                () -> RoleClassifier.of("svm", OptionalInt.of(3), 0))
            .getMessage()
            .contains("finds it itself"),
        "an unknown classifier is told as such");
  }
}
