package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RoleClassifierTest {
  private static final int LAYERS = 12;
  private static final int SCALES = 5;
  private static final int FIRST = 2;

  private static RoleClassifier classifier(String name) {
    return RoleClassifier.of(name, OptionalInt.empty(), 3);
  }

  private static int count(String name, double... sorted) {
    return switch (name) {
      case "gap" -> RankClassifier.gap(sorted);
      case "otsu" -> RankClassifier.otsu(sorted);
      default -> RankClassifier.knee(sorted);
    };
  }

  /**
   * Layers 4 and 9 low in the metric and far from the others in two features; the third is noise.
   */
  private static RoleStatistics twoGroups(long seed, double apart) {
    Random random = new Random(seed);
    double[][] metric = new double[LAYERS][SCALES];
    Map<String, double[][]> features = new LinkedHashMap<>();
    for (String name : List.of("current-mass", "entropy", "noise")) {
      features.put(name, new double[LAYERS][SCALES]);
    }
    for (int l = 0; l < LAYERS; l++) {
      boolean drafter = l == 4 || l == 9;
      for (int k = 0; k < SCALES; k++) {
        metric[l][k] = k == 0 ? Double.NaN : (drafter ? 0.1 : 0.6) + 0.02 * random.nextGaussian();
        features.get("current-mass")[l][k] = (drafter ? 0 : apart) + random.nextGaussian();
        features.get("entropy")[l][k] = (drafter ? apart : 0) + random.nextGaussian();
        features.get("noise")[l][k] = 0.1 * random.nextGaussian();
      }
    }
    return new RoleStatistics("asi", metric, Orientation.LOWEST, FIRST, features);
  }

  private static RoleAssignment layers(int... drafters) {
    List<LayerScale> pairs = new ArrayList<>();
    for (int l : drafters) {
      for (int k = FIRST; k < SCALES; k++) {
        pairs.add(new LayerScale(l, k));
      }
    }
    return RoleAssignment.of(LAYERS, SCALES, pairs);
  }

  @Test
  void everyDataDrivenRuleFindsTwoClearGroups() {
    for (String name : RoleClassifier.NAMES) {
      ClassifiedRoles roles = classifier(name).classify(twoGroups(1, 12));
      assertEquals(name, roles.classifier());
      if (!name.equals("rank")) {
        assertEquals(layers(4, 9), roles.assignment(), name);
      }
    }
  }

  @Test
  void rankTakesTheGivenNumberOrTheDefault() {
    RoleStatistics statistics = twoGroups(2, 3);
    ClassifiedRoles five = RoleClassifier.of("rank", OptionalInt.of(5), 0).classify(statistics);
    assertEquals(5, five.assignment().drafters().size());
    assertEquals("given", five.settings().get("drafters"));
    ClassifiedRoles some = classifier("rank").classify(statistics);
    assertEquals(RankClassifier.usual(12, 3), some.assignment().drafters().size());
    double last = Double.parseDouble(five.found().get("lastDrafterZ"));
    double next = Double.parseDouble(five.found().get("firstRefinerZ"));
    double[] sorted = statistics.scores();
    Arrays.sort(sorted);
    assertEquals(sorted[4], last, 1e-8);
    assertEquals(sorted[5], next, 1e-8);
  }

  /** High values may mark drafters: all rules turn round with the metric. */
  @ParameterizedTest
  @ValueSource(strings = {"rank", "gap", "otsu", "knee"})
  void theOtherEnd(String name) {
    Random random = new Random(6);
    double[][] metric = new double[LAYERS][SCALES];
    double[][] turned = new double[LAYERS][SCALES];
    for (int l = 0; l < LAYERS; l++) {
      for (int k = 0; k < SCALES; k++) {
        metric[l][k] = random.nextGaussian();
        turned[l][k] = -metric[l][k];
      }
    }
    assertEquals(
        classifier(name)
            .classify(new RoleStatistics("m", metric, Orientation.LOWEST, FIRST, Map.of()))
            .assignment(),
        classifier(name)
            .classify(new RoleStatistics("m", turned, Orientation.HIGHEST, FIRST, Map.of()))
            .assignment());
  }

  @Test
  void countsOfKnownScores() {
    double[] low = {-3, -2.9, 0, 0.1, 0.2, 0.3, 0.4, 0.5};
    assertEquals(2, count("gap", low));
    assertEquals(2, count("otsu", low));
    assertEquals(2, count("knee", low));
    double[] high = {-0.6, -0.4, -0.3, -0.2, -0.1, 0, 2.9, 3};
    assertEquals(1, count("gap", high), "a gap at the other end parts refiners");
    assertEquals(6, count("otsu", high));
    double[] bent = {-0.6, -0.5, -0.39, -0.2, 0, 0.5, 1.5, 3};
    assertEquals(0, count("knee", bent), "no knee at the drafters' end");
    for (String name : List.of("gap", "otsu", "knee")) {
      assertEquals(0, count(name, 1, 1, 1, 1), name);
      assertEquals(0, count(name, 1), name);
    }
    assertEquals(0, count("knee", -1, -0.5, 0, 0.5, 1), "a straight line has no knee");
  }

  /** Against sums over both classes, cut by cut. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void otsuOfRandomScores(long seed) {
    double[] sorted = new Random(seed).doubles(25, -2, 2).sorted().toArray();
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int n = 1; n < sorted.length; n++) {
      double within = squares(sorted, 0, n) + squares(sorted, n, sorted.length);
      if (within < least) {
        least = within;
        best = n;
      }
    }
    assertEquals(best, count("otsu", sorted));
  }

  private static double squares(double[] x, int from, int to) {
    double mean = Arrays.stream(x, from, to).average().orElseThrow();
    return Arrays.stream(x, from, to).map(v -> (v - mean) * (v - mean)).sum();
  }

  /** Noise is refiners; where nothing can be told apart all pairs are. */
  @Test
  void hdbscanCountsWhatIsInNoCluster() {
    ClassifiedRoles clear = classifier("hdbscan").classify(twoGroups(1, 12));
    int noise = Integer.parseInt(clear.found().get("pairsInNoCluster"));
    int inClusters =
        Arrays.stream(clear.found().get("clusters").split("; "))
            .mapToInt(text -> Integer.parseInt(text.substring(0, text.indexOf(' '))))
            .sum();
    assertEquals(LAYERS * (SCALES - FIRST), noise + inClusters);
    assertEquals("3", clear.settings().get("minClusterSize"));
    for (String name : List.of("k-means", "hdbscan")) {
      double[][] flat = new double[LAYERS][SCALES];
      RoleStatistics nothing =
          new RoleStatistics("asi", flat, Orientation.LOWEST, FIRST, Map.of("flat", flat));
      assertEquals(0, classifier(name).classify(nothing).assignment().drafters().size(), name);
      RoleStatistics unread =
          new RoleStatistics("asi", flat, Orientation.LOWEST, SCALES, Map.of("flat", flat));
      assertEquals(0, classifier(name).classify(unread).assignment().drafters().size(), name);
    }
  }

  /** The two clusters of least squares, by trying every cut of one feature. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void kMeansOfOneFeatureIsOtsu(long seed) {
    Random random = new Random(seed);
    double[][] metric = new double[20][1];
    for (int l = 0; l < 20; l++) {
      metric[l][0] = random.nextGaussian() + (l < 7 ? -4 : 0);
    }
    RoleStatistics statistics =
        new RoleStatistics("asi", metric, Orientation.LOWEST, 0, Map.of("same", metric));
    assertEquals(
        classifier("otsu").classify(statistics).assignment(),
        classifier("k-means").classify(statistics).assignment());
  }

  @ParameterizedTest
  @CsvSource({"rank, 1", "gap, 2", "otsu, 3", "knee, 4", "k-means, 5", "hdbscan, 6", "k-means, 7"})
  void sameStatisticsSameRolesAndProvenance(String name, long seed) {
    ClassifiedRoles first = classifier(name).classify(twoGroups(seed, 2));
    ClassifiedRoles second = classifier(name).classify(twoGroups(seed, 2));
    assertEquals(first.assignment(), second.assignment());
    assertEquals(first.settings(), second.settings());
    assertEquals(first.found(), second.found());
  }

  @Test
  void tribuoSaysHowAndNothingElse() {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream before = System.err;
    System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    try {
      ClassifiedRoles roles = classifier("k-means").classify(twoGroups(1, 4));
      classifier("hdbscan").classify(twoGroups(1, 4));
      assertEquals("3", roles.settings().get("seed"));
      assertEquals("2", roles.settings().get("centroids"));
      assertEquals("Tribuo 4.3.2", roles.settings().get("library"));
      assertEquals("L2Distance", roles.settings().get("dist"));
      assertTrue(
          roles.settings().keySet().stream().noneMatch(key -> key.contains("time")),
          roles.settings().toString());
    } finally {
      System.setErr(before);
    }
    assertEquals("", said.toString(StandardCharsets.UTF_8));
  }

  @Test
  void badInput() {
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> classifier("svm"))
            .getMessage()
            .contains("got svm"));
    assertTrue(
        assertThrows(
                IllegalArgumentException.class,
                () -> RoleClassifier.of("knee", OptionalInt.of(2), 0))
            .getMessage()
            .contains("knee"));
    double[][] metric = new double[3][2];
    double[][] hole = new double[3][2];
    hole[1][1] = Double.NaN;
    assertEquals(
        "gini of layer 1, scale 2 must be finite, got NaN",
        assertThrows(
                IllegalArgumentException.class,
                () -> new RoleStatistics("m", metric, Orientation.LOWEST, 1, Map.of("gini", hole)))
            .getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new RoleStatistics(
                "m", metric, Orientation.LOWEST, 1, Map.of("gini", new double[2][2])));
    assertThrows(
        IllegalArgumentException.class,
        () -> new RoleStatistics("m", metric, Orientation.LOWEST, 3, Map.of()));
  }
}
