package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RankedRolesTest {
  private static final double NAN = Double.NaN;

  private static double[][] random(Random random, int layers, int scales) {
    double[][] metric = new double[layers][scales];
    for (double[] row : metric) {
      for (int k = 0; k < scales; k++) {
        row[k] = k == 0 ? NAN : random.nextDouble();
      }
    }
    return metric;
  }

  @Test
  void zScoresByHand() {
    // Scale 1: 1, 2, 3, 6 has mean 3 and population variance (4 + 1 + 0 + 9) / 4.
    double[][] z = RoleStatistics.zScores(new double[][] {{NAN, 1}, {NAN, 2}, {NAN, 3}, {NAN, 6}});
    double sigma = Math.sqrt(3.5);
    assertTrue(Double.isNaN(z[0][0]) && Double.isNaN(z[3][0]));
    assertEquals(-2 / sigma, z[0][1], 1e-10);
    assertEquals(-1 / sigma, z[1][1], 1e-10);
    assertEquals(0, z[2][1], 1e-10);
    assertEquals(3 / sigma, z[3][1], 1e-10);
    // Mean 1e-12 and deviation 1e-12: with ε = 1e-12 half of what it would be without.
    double[][] tiny = RoleStatistics.zScores(new double[][] {{0}, {2e-12}});
    assertEquals(-0.5, tiny[0][0], 1e-9);
    assertEquals(0.5, tiny[1][0], 1e-9);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void draftersAreTheLowestPairsOfTheCutScales(long seed) {
    Random random = new Random(seed);
    int layers = 1 + random.nextInt(20);
    int scales = 2 + random.nextInt(8);
    int first = 1 + random.nextInt(scales - 1);
    int count = random.nextInt(layers * (scales - first) + 1);
    double[][] metric = random(random, layers, scales);
    RoleStatistics statistics =
        new RoleStatistics("asi", metric, Orientation.LOWEST, first, Map.of());
    RoleAssignment roles = statistics.lowest(count);
    assertEquals(count, roles.drafters().size());
    double highestDrafter = Double.NEGATIVE_INFINITY;
    double lowestRefiner = Double.POSITIVE_INFINITY;
    for (int k = 0; k < scales; k++) {
      double sum = 0;
      double squares = 0;
      for (int l = 0; l < layers; l++) {
        double z = statistics.z()[l][k];
        sum += z;
        squares += z * z;
        if (k < first) {
          assertEquals(Role.REFINER, roles.role(l, k));
        } else if (roles.isDrafter(l, k)) {
          highestDrafter = Math.max(highestDrafter, z);
        } else {
          lowestRefiner = Math.min(lowestRefiner, z);
        }
      }
      if (k > 0) {
        assertEquals(0, sum, 1e-6, "mean of z at scale " + k);
        assertEquals(layers == 1 ? 0 : layers, squares, 1e-6, "variance of z at scale " + k);
      }
    }
    assertTrue(highestDrafter <= lowestRefiner, highestDrafter + " <= " + lowestRefiner);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13})
  void highestOfAMetricIsLowestOfItsNegative(long seed) {
    Random random = new Random(seed);
    double[][] metric = random(random, 9, 5);
    double[][] negative = new double[9][5];
    for (int l = 0; l < 9; l++) {
      for (int k = 0; k < 5; k++) {
        negative[l][k] = -metric[l][k];
      }
    }
    assertEquals(
        new RoleStatistics("entropy", negative, Orientation.LOWEST, 2, Map.of()).lowest(6),
        new RoleStatistics("entropy", metric, Orientation.HIGHEST, 2, Map.of()).lowest(6));
  }

  @ParameterizedTest
  @ValueSource(strings = {"LOWEST", "HIGHEST"})
  void tiesGoToTheLowerScaleThenTheLowerLayer(Orientation orientation) {
    double[][] metric = new double[3][4];
    RoleAssignment roles = new RoleStatistics("asi", metric, orientation, 1, Map.of()).lowest(4);
    assertEquals(
        List.of(
            new LayerScale(0, 1), new LayerScale(1, 1), new LayerScale(2, 1), new LayerScale(0, 2)),
        List.copyOf(roles.drafters()));
  }

  /** A score of −0 is a score of 0, or ties would not go to the lower layer. */
  @ParameterizedTest
  @ValueSource(strings = {"LOWEST", "HIGHEST"})
  void minusZeroIsZero(Orientation orientation) {
    for (double sign : new double[] {1, -1}) {
      double[][] metric = {{sign * 0.0}, {-sign * 0.0}};
      RoleAssignment roles = new RoleStatistics("asi", metric, orientation, 0, Map.of()).lowest(1);
      assertTrue(roles.isDrafter(0, 0));
      double[] scores = new RoleStatistics("asi", metric, orientation, 0, Map.of()).scores();
      assertEquals(List.of(0.0, 0.0), List.of(scores[0], scores[1]));
    }
  }

  @Test
  void defaultCountIsSixAndAHalfPercentRoundedHalfUp() {
    assertEquals(10, RankClassifier.usual(32, 5)); // 10.4
    assertEquals(13, RankClassifier.usual(40, 5)); // 13.0
    assertEquals(2, RankClassifier.usual(12, 3)); // 2.34
    assertEquals(7, RankClassifier.usual(20, 5)); // 6.5
    assertEquals(0, RankClassifier.usual(12, 0));
  }

  @Test
  void badTablesAreRefused() {
    refused("layer 1 must have 2 scales, got 1", new double[][] {{NAN, 1}, {NAN}}, 1, 1);
    refused(
        "layer 1, scale 2 must be finite, got NaN", new double[][] {{NAN, 1}, {NAN, NAN}}, 1, 1);
    refused("layer 1, scale 1 must be NaN as in layer 0", new double[][] {{NAN, 1}, {2, 1}}, 1, 1);
    refused(
        "layer 0, scale 2 must be finite, got Infinity",
        new double[][] {{NAN, Double.POSITIVE_INFINITY}},
        1,
        1);
    refused("scale 1, got NaN", new double[][] {{NAN, 1}}, 0, 1);
    refused("between 0 and 1", new double[][] {{NAN, 1}}, 1, 2);
    refused("between 0 and 2, got 3", new double[][] {{NAN, 1}}, 3, 0);
    refused("a layer and a scale", new double[][] {}, 0, 0);
  }

  private static void refused(String message, double[][] metric, int first, int drafters) {
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new RoleStatistics("asi", metric, Orientation.LOWEST, first, Map.of())
                    .lowest(drafters));
    assertTrue(error.getMessage().contains(message), error.getMessage());
  }

  @Test
  void theTableIsCopied() {
    double[][] metric = {{NAN, 1}, {NAN, 2}};
    RoleStatistics roles = new RoleStatistics("asi", metric, Orientation.LOWEST, 1, Map.of());
    metric[0][1] = 9;
    roles.z()[0][1] = 9;
    assertEquals(1, roles.value(0, 1));
    assertEquals(-1, roles.z()[0][1], 1e-10);
  }

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23, 24})
  void overlapAndDiffAgreeWithSetArithmetic(long seed) {
    Random random = new Random(seed);
    RoleAssignment a = assignment(random);
    RoleAssignment b = assignment(random);
    int both = 0;
    int either = 0;
    List<LayerScale> changes = new ArrayList<>();
    for (int k = 0; k < 4; k++) {
      for (int l = 0; l < 5; l++) {
        both += a.isDrafter(l, k) && b.isDrafter(l, k) ? 1 : 0;
        either += a.isDrafter(l, k) || b.isDrafter(l, k) ? 1 : 0;
        if (a.role(l, k) != b.role(l, k)) {
          changes.add(new LayerScale(l, k));
        }
      }
    }
    assertEquals((double) both / either, a.jaccard(b));
    assertEquals(a.jaccard(b), b.jaccard(a));
    assertEquals(1, a.jaccard(a));
    assertEquals(changes, List.copyOf(a.diff(b)));
    assertTrue(a.diff(a).isEmpty());
    boolean[][] mask = a.mask();
    assertEquals(a.isDrafter(3, 2), mask[3][2]);
  }

  private static RoleAssignment assignment(Random random) {
    TreeSet<LayerScale> drafters = new TreeSet<>();
    while (drafters.size() < 7) {
      drafters.add(new LayerScale(random.nextInt(5), random.nextInt(4)));
    }
    return RoleAssignment.of(5, 4, drafters);
  }

  @Test
  void twoEmptySetsOverlapFully() {
    assertEquals(1, RoleAssignment.of(2, 2, List.of()).jaccard(RoleAssignment.of(2, 2, List.of())));
  }

  @Test
  void assignmentsOfDifferentModelsAreNotCompared() {
    RoleAssignment small = RoleAssignment.of(2, 2, List.of());
    RoleAssignment large = RoleAssignment.of(3, 2, List.of());
    assertThrows(IllegalArgumentException.class, () -> small.jaccard(large));
    assertThrows(IllegalArgumentException.class, () -> small.diff(large));
    assertThrows(
        IllegalArgumentException.class,
        () -> RoleAssignment.of(2, 2, List.of(new LayerScale(2, 0))));
    assertFalse(small.isDrafter(0, 0));
  }

  @Test
  void randomRolesAreThoseOfTheirSeed() {
    RoleAssignment roles = RoleAssignment.random(6, 5, 2, 4, 9);
    assertEquals(4, roles.drafters().size());
    assertTrue(roles.drafters().stream().allMatch(pair -> pair.scale() >= 2));
    assertEquals(roles, RoleAssignment.random(6, 5, 2, 4, 9));
    assertThrows(IllegalArgumentException.class, () -> RoleAssignment.random(6, 5, 4, 7, 9));
  }
}
