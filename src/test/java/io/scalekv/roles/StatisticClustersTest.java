package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StatisticClustersTest {
  private static final RoleClassifier ANY = RoleClassifier.of("hdbscan", OptionalInt.empty(), 0);

  /** One scale that is read; the metric has mean 0 and deviation 1, so it is its own z-score. */
  private static RoleStatistics statistics(double... metric) {
    double[][] table = new double[metric.length][2];
    for (int l = 0; l < metric.length; l++) {
      table[l][0] = Double.NaN;
      table[l][1] = metric[l];
    }
    return new RoleStatistics("asi", table, Orientation.LOWEST, 1, Map.of());
  }

  private static ClassifiedRoles roles(RoleStatistics statistics, int... labels) {
    return StatisticClusters.roles(ANY, statistics, labels, new TreeMap<>(), new TreeMap<>());
  }

  private static List<Integer> drafters(ClassifiedRoles roles) {
    return roles.assignment().drafters().stream().map(LayerScale::layer).toList();
  }

  @Test
  void theLowestClusterAreTheDrafters() {
    RoleStatistics s = statistics(1, -1, 1, -1, -1, 1);
    ClassifiedRoles found = roles(s, 2, 1, 2, 1, 2, 0);
    assertEquals(List.of(1, 3), drafters(found));
    assertEquals("2", found.found().get("drafters"));
    assertEquals("1", found.found().get("pairsInNoCluster"));
    assertEquals(
        "2 pairs with mean z -1.00000000; 3 pairs with mean z 0.333333333",
        found.found().get("clusters"));
    assertEquals("hdbscan", found.classifier());
    assertEquals(List.of(0, 2), drafters(roles(statistics(-1, 1, -1, 1), 4, 3, 4, 3)));
  }

  @Test
  void ofEqualMeansTheSmallerCluster() {
    RoleStatistics s = statistics(-1, 1, -1, 1, -1, 1);
    assertEquals(List.of(4, 5), drafters(roles(s, 1, 1, 1, 1, 2, 2)));
    assertEquals(List.of(0, 1), drafters(roles(s, 1, 1, 2, 2, 2, 2)));
    assertEquals(List.of(0, 1), drafters(roles(s, 1, 1, 2, 2, 3, 3)), "the first of equal sizes");
  }

  @Test
  void lessThanTwoClustersTellNothing() {
    RoleStatistics s = statistics(-1, 1, -1, 1);
    ClassifiedRoles one = roles(s, 1, 1, 0, 0);
    assertEquals(List.of(), drafters(one));
    assertEquals("2", one.found().get("pairsInNoCluster"));
    assertEquals("2 pairs with mean z 0.00000000", one.found().get("clusters"));
    ClassifiedRoles none = roles(s, 0, 0, 0, 0);
    assertEquals(List.of(), drafters(none));
    assertEquals("none", none.found().get("clusters"));
  }

  @Test
  void whetherVectorsDiffer() {
    assertFalse(StatisticClusters.differ(new double[0][0]));
    assertFalse(StatisticClusters.differ(new double[][] {{1, 2}}));
    assertFalse(StatisticClusters.differ(new double[][] {{1, 2}, {1, 2}}));
    assertTrue(StatisticClusters.differ(new double[][] {{1, 2}, {1, 2}, {1, 3}}));
  }

  /** Σ|x − mean|² of a cluster of n is Σ_{i<j} |x_i − x_j|² / n. */
  private static double byPairs(double[][] x, int[] labels) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      int n = 0;
      for (int label : labels) {
        n += label == labels[i] ? 1 : 0;
      }
      for (int j = 0; j < i; j++) {
        for (int f = 0; labels[i] == labels[j] && f < x[i].length; f++) {
          sum += (x[i][f] - x[j][f]) * (x[i][f] - x[j][f]) / n;
        }
      }
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void squaresAgreeWithDistancesOfPairs(long seed) {
    Random random = new Random(seed);
    double[][] x = new double[14][3];
    for (double[] row : x) {
      for (int f = 0; f < 3; f++) {
        row[f] = random.nextGaussian();
      }
    }
    int[] labels = random.ints(14, 0, 4).toArray();
    assertEquals(byPairs(x, labels), StatisticClusters.squares(x, labels), 1e-12);
  }

  /** The sum of squares that is told is that of the roles, and no better than the best there is. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void kMeansTellsItsSumOfSquares(long seed) {
    Random random = new Random(seed);
    double[][] metric = new double[10][1];
    Map<String, double[][]> features = new LinkedHashMap<>();
    features.put("a", new double[10][1]);
    features.put("b", new double[10][1]);
    for (int l = 0; l < 10; l++) {
      metric[l][0] = random.nextGaussian();
      features.get("a")[l][0] = random.nextGaussian();
      features.get("b")[l][0] = random.nextGaussian();
    }
    RoleStatistics statistics = new RoleStatistics("asi", metric, Orientation.LOWEST, 0, features);
    ClassifiedRoles found =
        RoleClassifier.of("k-means", OptionalInt.empty(), seed).classify(statistics);
    int[] labels = new int[10];
    for (int l = 0; l < 10; l++) {
      labels[l] = found.assignment().isDrafter(l, 0) ? 1 : 2;
    }
    double[][] vectors = statistics.standardised();
    double told = Double.parseDouble(found.found().get("sumOfSquares"));
    assertEquals(byPairs(vectors, labels), told, 1e-7);
    double best = Double.POSITIVE_INFINITY;
    for (int mask = 1; mask < 1 << 9; mask++) {
      for (int l = 0; l < 10; l++) {
        labels[l] = mask >> l & 1;
      }
      best = Math.min(best, byPairs(vectors, labels));
    }
    assertTrue(told >= best - 1e-7, told + " below " + best);
    assertTrue(told <= 1.25 * best, told + " far above " + best);
    assertEquals("a b", found.settings().get("statistics"));
    assertEquals("5", found.settings().get("restarts"));
  }
}
