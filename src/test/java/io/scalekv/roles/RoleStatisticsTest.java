package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.Profiles;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RoleStatisticsTest {
  private static final int LAYERS = 5;
  private static final int SCALES = 4;
  private static final int FIRST = 2;

  private static double[][] table(Random random) {
    double[][] table = new double[LAYERS][SCALES];
    for (double[] row : table) {
      for (int k = 0; k < SCALES; k++) {
        row[k] = random.nextGaussian();
      }
    }
    return table;
  }

  /** Scores and features are z-scores over the layers of a scale, by scale, then layer. */
  @ParameterizedTest
  @EnumSource(Orientation.class)
  void pairsInTheirOrder(Orientation orientation) {
    Random random = new Random(3);
    double[][] metric = table(random);
    Map<String, double[][]> features = new LinkedHashMap<>();
    features.put("b", table(random));
    features.put("a", table(random));
    features.get("a")[1][FIRST - 1] = Double.NaN; // not at a scale that is classified
    RoleStatistics s = new RoleStatistics("m", metric, orientation, FIRST, features);
    assertEquals(LAYERS, s.layers());
    assertEquals(SCALES, s.scales());
    assertEquals(FIRST, s.firstCutScale());
    assertEquals("m", s.name());
    assertEquals(List.of("b", "a"), List.copyOf(s.others().keySet()));
    List<LayerScale> pairs = new ArrayList<>();
    int i = 0;
    for (int k = FIRST; k < SCALES; k++) {
      for (int l = 0; l < LAYERS; l++) {
        pairs.add(new LayerScale(l, k));
        double z = zScore(metric, l, k);
        assertEquals(orientation == Orientation.LOWEST ? z : -z, s.scores()[i], 1e-9);
        assertEquals(zScore(features.get("b"), l, k), s.standardised()[i][0], 1e-9);
        assertEquals(zScore(features.get("a"), l, k), s.standardised()[i][1], 1e-9);
        assertEquals(features.get("a")[l][k], s.others().get("a")[l][k]);
        i++;
      }
    }
    assertEquals(pairs, s.pairs());
    assertEquals(pairs.size(), s.scores().length);
    LayerScale first = pairs.get(0);
    double before = s.others().get("b")[first.layer()][first.scale()];
    features.get("b")[0][FIRST] = 99;
    assertEquals(before, s.others().get("b")[first.layer()][first.scale()], "a copy");
  }

  private static double zScore(double[][] table, int layer, int scale) {
    double sum = 0;
    double squares = 0;
    for (double[] row : table) {
      sum += row[scale];
      squares += row[scale] * row[scale];
    }
    double mean = sum / LAYERS;
    return (table[layer][scale] - mean) / Math.sqrt(squares / LAYERS - mean * mean);
  }

  @Test
  void tablesThatDoNotFitAreTold() {
    double[][] metric = new double[3][2];
    assertTrue(refused(metric, new double[2][2]).contains("gini"));
    assertTrue(refused(metric, new double[][] {{0, 0}, {0, 0}, {0, 0, 0}}).contains("gini"));
    assertEquals(
        "gini of layer 0, scale 2 must be finite, got Infinity",
        refused(metric, new double[][] {{0, 1.0 / 0}, {0, 0}, {0, 0}}));
  }

  private static String refused(double[][] metric, double[][] feature) {
    return assertThrows(
            IllegalArgumentException.class,
            () -> new RoleStatistics("m", metric, Orientation.LOWEST, 1, Map.of("gini", feature)))
        .getMessage();
  }

  /** Every prompt once, against the profile's own metrics. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void ofAllPrompts(long seed) {
    AttentionProfile profile = Profiles.random(seed, 4, 2, ScaleSchedule.ofSides(1, 2, 3), 5);
    LayerStatistics table = LayerStatistics.of(profile);
    for (LayerStatistic metric : List.of(LayerStatistic.ASI, LayerStatistic.GINI)) {
      RoleStatistics s = RoleStatistics.ofAll(table, metric, 1, List.of(LayerStatistic.GINI));
      Orientation end = metric.highMeansRefiner() ? Orientation.LOWEST : Orientation.HIGHEST;
      assertEquals(end, s.orientation());
      assertEquals(metric.cliName(), s.name());
      assertEquals(Set.of(LayerStatistic.GINI.cliName()), s.others().keySet());
      double[][] value = table.value(metric, 0, 1, 2, 3, 4);
      RoleStatistics same = new RoleStatistics(metric.cliName(), value, end, 1, Map.of());
      assertEquals(same.lowest(3), s.lowest(3));
      assertArrayEquals(same.z(), s.z());
      assertArrayEquals(value, s.values());
    }
  }

  @Test
  void featuresThatSayTheSameTwiceAreLeftOut() {
    LayerStatistics table =
        LayerStatistics.of(Profiles.random(1, 3, 2, ScaleSchedule.ofSides(1, 2, 3), 2));
    List<LayerStatistic> features = RoleStatistics.othersOf(table, 1);
    assertFalse(features.contains(LayerStatistic.ASI_AVERAGED));
    assertFalse(features.contains(LayerStatistic.HISTORY_TOPK_AVERAGED));
    // Scale 0 reads no history, where most metrics are undefined.
    assertTrue(RoleStatistics.othersOf(table, 0).size() < features.size());
  }

  /** Classifiers that read features get them in every draw, others get none. */
  @Test
  void bootstrapHandsFeaturesOn() {
    AttentionProfile profile = Profiles.random(7, 8, 2, ScaleSchedule.ofSides(1, 2, 3), 4);
    LayerStatistics table = LayerStatistics.of(profile);
    RoleClassifier kMeans = RoleClassifier.of("k-means", OptionalInt.empty(), 2);
    RoleBootstrap b = RoleBootstrap.of(table, new RoleRule(LayerStatistic.ASI, 1, kMeans), 6, 9);
    assertEquals(4, b.prompts());
    assertEquals(6, b.draws());
    assertEquals(9, b.seed());
    double sum = 0;
    for (int l = 0; l < 8; l++) {
      for (int k = 0; k < 3; k++) {
        double p = b.drafterProbability(l, k);
        assertEquals(Math.rint(6 * p), 6 * p, 1e-12, "a count of six draws");
        sum += p;
      }
    }
    assertTrue(sum > 0, "k-means found no drafter in any draw: it saw no features");
    assertEquals(
        1, RoleBootstrap.of(table, new RoleRule(LayerStatistic.ASI, 1, kMeans), 1, 9).draws());
  }
}
