package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.roles.LayerScale;
import io.scalekv.roles.Orientation;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RoleStatistics;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RoleRulesTest {
  private static final int LAYERS = 10;

  /** One scale; the metric is a feature too. */
  private static RoleStatistics statistics(double[] mass, double[] keys) {
    double[][] metric = new double[LAYERS][1];
    double[][] first = new double[LAYERS][1];
    double[][] second = new double[LAYERS][1];
    for (int l = 0; l < LAYERS; l++) {
      metric[l][0] = l;
      first[l][0] = mass[l];
      second[l][0] = keys[l];
    }
    Map<String, double[][]> features = new LinkedHashMap<>();
    features.put("asi", metric);
    features.put("current-mass", first);
    features.put("history-keys", second);
    return RoleStatistics.of("asi", metric, Orientation.LOWEST, 0, features);
  }

  private static RoleAssignment drafters(int... layers) {
    List<LayerScale> pairs = new ArrayList<>();
    for (int l : layers) {
      pairs.add(new LayerScale(l, 0));
    }
    return RoleAssignment.of(LAYERS, 1, pairs);
  }

  @Test
  void twoConditionsThatMadeTheRoles() {
    double[] mass = {0.10, 0.20, 0.25, 0.30, 0.32, 0.6, 0.7, 0.8, 0.9, 0.95};
    double[] keys = {20, 3, 18, 2, 15, 19, 1, 17, 4, 16};
    RoleStatistics statistics = statistics(mass, keys);
    RoleAssignment roles = drafters(0, 2, 4);
    RoleRules rules = RoleRules.of(roles, statistics, 2);
    assertEquals(
        List.of("drafter if current-mass < 0.5 and history-keys > 9: covers 3 of 3, 0 wrong of 7"),
        rules.rules().stream().map(RoleRule::toString).toList());
    assertEquals(0, rules.missed(roles, statistics));
    assertEquals("2", rules.settings().get("maxDepth"));
    assertEquals("current-mass history-keys", rules.settings().get("features"));
  }

  @Test
  void nothingToExplain() {
    double[] flat = new double[LAYERS];
    assertTrue(RoleRules.of(drafters(1), statistics(flat, flat), 2).rules().isEmpty());
    double[] mass = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    assertTrue(RoleRules.of(drafters(), statistics(mass, mass), 2).rules().isEmpty());
    assertEquals(
        1,
        RoleRules.of(drafters(1), statistics(flat, flat), 2)
            .missed(drafters(1), statistics(flat, flat)));
  }

  /** Counts are those of the printed rule, counted pair by pair. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void countsAreThoseOfTheRule(long seed) {
    Random random = new Random(seed);
    RoleStatistics statistics =
        statistics(
            random.doubles(LAYERS, 0, 1).toArray(), random.doubles(LAYERS, 1, 200).toArray());
    RoleAssignment roles = drafters(1, 4, 6);
    RoleRules rules = RoleRules.of(roles, statistics, 2);
    boolean[] covered = new boolean[LAYERS];
    for (RoleRule rule : rules.rules()) {
      int right = 0;
      int wrong = 0;
      for (int l = 0; l < LAYERS; l++) {
        LayerScale pair = new LayerScale(l, 0);
        boolean all = true;
        for (RoleRule.Condition c : rule.conditions()) {
          double value = statistics.other(c.feature(), pair);
          double limit = c.limit().doubleValue();
          all &= c.above() ? value > limit : value < limit;
        }
        if (all) {
          right += roles.isDrafter(l, 0) ? 1 : 0;
          wrong += roles.isDrafter(l, 0) ? 0 : 1;
          covered[l] = true;
        }
      }
      assertEquals(right, rule.covered());
      assertEquals(wrong, rule.wrong());
      assertTrue(right > wrong, rule.toString());
      assertTrue(rule.conditions().size() <= 2, rule.toString());
    }
    int missed = (covered[1] ? 0 : 1) + (covered[4] ? 0 : 1) + (covered[6] ? 0 : 1);
    assertEquals(missed, rules.missed(roles, statistics));
  }

  @ParameterizedTest
  @CsvSource({
    "0.30, 0.32, 0.31",
    "1, 2, 1.5",
    "12, 40, 30",
    "0.1234, 0.1236, 0.1235",
    "-0.2, 0.1, -0.05",
    "-0.1, 0.1, 0",
    "99.4, 100.4, 100",
    "0.3, 0.30000000000000004, 0.30000000000000002"
  })
  void shortLimits(double below, double above, String expected) {
    assertTrue(RoleRules.shortest(below, above).toPlainString().startsWith(expected));
  }

  @ParameterizedTest
  @CsvSource({"0.12345, 0.2, 0.16", "0.3, 0.3625, 0.33", "1.25, 1.26, 1.255", "1999, 2100, 2000"})
  void noMoreDigitsThanNeeded(double below, double above, String expected) {
    assertEquals(expected, RoleRules.shortest(below, above).toPlainString());
  }

  /** A tree deep enough tells all layers apart, and says each side of a feature once. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void aDeepTreeMissesNothing(long seed) {
    Random random = new Random(seed);
    RoleStatistics statistics =
        statistics(
            random.doubles(LAYERS, 0, 1).toArray(), random.doubles(LAYERS, 1, 200).toArray());
    RoleAssignment roles = drafters(0, 3, 5, 9);
    RoleRules rules = RoleRules.of(roles, statistics, 20);
    assertEquals(0, rules.missed(roles, statistics));
    int covered = Integer.MAX_VALUE;
    int sum = 0;
    for (RoleRule rule : rules.rules()) {
      assertEquals(0, rule.wrong());
      assertEquals(4, rule.drafters());
      assertEquals(6, rule.refiners());
      assertTrue(rule.covered() <= covered, "the one that covers most first");
      covered = rule.covered();
      sum += rule.covered();
      long sides = rule.conditions().stream().map(c -> c.feature() + c.above()).distinct().count();
      assertEquals(rule.conditions().size(), sides, rule.toString());
    }
    assertEquals(4, sum, "leaves do not overlap");
  }

  @Test
  void ofTwoLimitsTheNarrowerOne() {
    // Drafters between 3 and 6: both sides of the same feature.
    double[] mass = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    double[] flat = new double[LAYERS];
    RoleStatistics statistics = statistics(mass, flat);
    RoleRules rules = RoleRules.of(drafters(3, 4), statistics, 2);
    assertEquals(1, rules.rules().size());
    RoleRule rule = rules.rules().get(0);
    assertEquals(2, rule.conditions().size());
    for (int l = 0; l < LAYERS; l++) {
      assertEquals(l == 3 || l == 4, rule.holds(statistics, new LayerScale(l, 0)), "layer " + l);
    }
    // Two cuts of one side: only the lower one is told.
    RoleRules nested = RoleRules.of(drafters(0, 5, 6, 7, 8, 9), statistics, 3);
    assertEquals(0, nested.missed(drafters(0, 5, 6, 7, 8, 9), statistics));
    for (RoleRule one : nested.rules()) {
      assertEquals(1, one.conditions().size(), one.toString());
    }
  }

  @Test
  void aLimitItselfIsOnNeitherSide() {
    BigDecimal limit = new BigDecimal("0.5");
    RoleRule.Condition above = new RoleRule.Condition("f", true, limit);
    RoleRule.Condition below = new RoleRule.Condition("f", false, limit);
    assertTrue(above.holds(0.51) && !above.holds(0.5) && !above.holds(0.49));
    assertTrue(below.holds(0.49) && !below.holds(0.5) && !below.holds(0.51));
    assertEquals("f > 0.5", above.toString());
    assertEquals("f < 0.5", below.toString());
  }

  @Test
  void withoutFeaturesThereAreNoRules() {
    double[][] metric = new double[LAYERS][2];
    RoleStatistics only =
        RoleStatistics.of("asi", metric, Orientation.LOWEST, 1, Map.of("asi", metric));
    RoleRules rules = RoleRules.of(RoleAssignment.of(LAYERS, 2, List.of()), only, 2);
    assertTrue(rules.rules().isEmpty());
    assertEquals("", rules.settings().get("features"));
    RoleStatistics unread =
        RoleStatistics.of("asi", metric, Orientation.LOWEST, 2, Map.of("f", metric));
    assertTrue(RoleRules.of(RoleAssignment.of(LAYERS, 2, List.of()), unread, 2).rules().isEmpty());
  }
}
