package io.scalekv.experiment.folders;

import io.scalekv.experiment.folders.FolderScores.Kind;
import io.scalekv.experiment.folders.FolderScores.Row;
import io.scalekv.experiment.folders.FolderScores.Test;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.FidelityMetric;
import io.scalekv.metrics.Holm;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.Wilcoxon;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Paired tests of the rows of a table: every two candidates, or each against a baseline, and each
 * against another seed, over the images that both have. Images of one group (one caption) count as
 * one. Holm's correction goes over all tests of the table.
 */
final class PairedTests {
  private static final double LEVEL = 0.05;

  /** Values of two rows, one list a group. */
  private record Values(double[][] a, double[][] b, int pairs) {}

  private final List<Metric> metrics;
  private final Map<String, Integer> groups;
  private final List<Test> tests = new ArrayList<>();
  private final List<Integer> higher = new ArrayList<>();

  private PairedTests(List<Metric> metrics, Map<String, Integer> groups) {
    this.metrics = metrics;
    this.groups = groups;
  }

  /**
   * Makes all tests.
   *
   * @param groups number of an id's group
   * @param baseline name of the row that the others are compared with, or null for every two
   */
  static List<Test> of(
      List<Row> rows, List<Metric> metrics, Map<String, Integer> groups, String baseline) {
    PairedTests tests = new PairedTests(metrics, groups);
    for (int i = 0; i < rows.size(); i++) {
      for (int j = i + 1; j < rows.size(); j++) {
        Row a = rows.get(i);
        Row b = rows.get(j);
        boolean chosen = baseline == null || a.name().equals(baseline) || b.name().equals(baseline);
        boolean rivals = b.kind() == Kind.CANDIDATE && chosen || b.kind() == Kind.OTHER_SEED;
        if (a.kind() == Kind.CANDIDATE && rivals) {
          tests.add(a, b);
        }
      }
    }
    return tests.corrected();
  }

  private void add(Row a, Row b) {
    for (Metric metric : metrics) {
      boolean measured =
          a.values().containsKey(metric.key()) && b.values().containsKey(metric.key());
      if (metric instanceof FidelityMetric && measured) {
        Values v = common(a, b, metric.key());
        if (v.pairs() > 0) {
          double[] differences = Wilcoxon.differences(means(v.a()), means(v.b()));
          Wilcoxon.Result r = Wilcoxon.test(differences);
          Interval difference = Bootstrap.withSeed(0).difference(v.a(), v.b());
          tests.add(
              new Test(
                  metric.key(), a.name(), b.name(), v.pairs(), difference, r.p(), r.p(), null));
          higher.add(metric.higherIsBetter() ? r.higher() : -r.higher());
        }
      }
    }
  }

  private Values common(Row a, Row b, String key) {
    Map<String, Double> ofB = new LinkedHashMap<>();
    b.pairs().forEach(p -> ofB.put(p.id(), p.values().get(key)));
    Map<Integer, List<double[]>> byGroup = new TreeMap<>();
    int pairs = 0;
    for (PairScore p : a.pairs()) {
      Double x = p.values().get(key);
      Double y = ofB.get(p.id());
      if (x != null && y != null) {
        byGroup
            .computeIfAbsent(groups.get(p.id()), g -> new ArrayList<>())
            .add(new double[] {x, y});
        pairs++;
      }
    }
    double[][][] sides = new double[2][byGroup.size()][];
    int g = 0;
    for (List<double[]> group : byGroup.values()) {
      for (int side = 0; side < 2; side++) {
        int at = side;
        sides[side][g] = group.stream().mapToDouble(v -> v[at]).toArray();
      }
      g++;
    }
    return new Values(sides[0], sides[1], pairs);
  }

  private static double[] means(double[][] groups) {
    return Arrays.stream(groups)
        .mapToDouble(g -> Arrays.stream(g).average().orElseThrow())
        .toArray();
  }

  private List<Test> corrected() {
    double[] holm = Holm.adjust(tests.stream().mapToDouble(Test::p).toArray());
    List<Test> corrected = new ArrayList<>();
    for (int i = 0; i < holm.length; i++) {
      Test t = tests.get(i);
      int sign = holm[i] < LEVEL ? higher.get(i) : 0;
      String better = sign > 0 ? t.a() : sign < 0 ? t.b() : null;
      corrected.add(
          new Test(t.metric(), t.a(), t.b(), t.pairs(), t.difference(), t.p(), holm[i], better));
    }
    return corrected;
  }
}
