package io.scalekv.report;

import io.scalekv.profile.LayerMetric;
import io.scalekv.roles.LayerRoles;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A statistic of each layer at each scale that may tell what a cut costs.
 *
 * @param name of the metric or statistic
 * @param oriented whether it says who is a drafter: then its values have the sign with which low
 *     means drafter; others are as measured
 * @param values [layer][scale], NaN where undefined
 */
record LayerFeature(String name, boolean oriented, double[][] values) {
  private static final String SOURCE = "source-mass-";

  /**
   * The features of a profile that are defined at all scales from {@code first} on: the metrics,
   * the statistics that are no metric, and the attention on each map that is never cut. A statistic
   * that repeats another is left out.
   */
  static List<LayerFeature> of(ProfileTable profile, int first) {
    Set<String> metrics =
        Arrays.stream(LayerMetric.values())
            .map(LayerMetric::cliName)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    List<LayerFeature> features = new ArrayList<>();
    for (String name : profile.statistics("metric")) {
      if (metrics.contains(name)) {
        int sign = LayerMetric.ofCliName(name).sign();
        double[][] values = times(sign, profile.values("metric", name));
        add(features, new LayerFeature(name, true, values), first);
      }
    }
    for (String name : profile.statistics("all")) {
      if (!metrics.contains(name) && !name.startsWith(SOURCE)) {
        add(features, new LayerFeature(name, false, profile.values("all", name)), first);
      }
    }
    double[][][] mass = profile.sourceMass();
    for (int source = 0; source < first - 1; source++) {
      add(features, new LayerFeature(SOURCE + source, false, source(mass, source)), first);
    }
    return features;
  }

  private static void add(List<LayerFeature> features, LayerFeature one, int first) {
    if (one.defined(first) && features.stream().noneMatch(f -> f.repeats(one, first))) {
      features.add(one);
    }
  }

  private static double[][] times(int sign, double[][] x) {
    return Arrays.stream(x)
        .map(row -> Arrays.stream(row).map(v -> sign * v).toArray())
        .toArray(double[][]::new);
  }

  private static double[][] source(double[][][] mass, int source) {
    double[][] values = new double[mass.length][mass[0].length];
    for (int l = 0; l < values.length; l++) {
      for (int k = 0; k < values[l].length; k++) {
        values[l][k] = mass[l][k][source];
      }
    }
    return values;
  }

  private boolean defined(int first) {
    for (double[] row : values) {
      for (int k = first; k < row.length; k++) {
        if (!Double.isFinite(row[k])) {
          return false;
        }
      }
    }
    return true;
  }

  /** Whether another has the same values, but for their sign. */
  private boolean repeats(LayerFeature other, int first) {
    for (int l = 0; l < values.length; l++) {
      for (int k = first; k < values[l].length; k++) {
        if (Math.abs(values[l][k]) != Math.abs(other.values[l][k])) {
          return false;
        }
      }
    }
    return true;
  }

  /** z-scores over the layers of each scale. */
  double[][] z() {
    return LayerRoles.zScores(values);
  }

  /** Values at some scales, [layer][place]. */
  static double[][] at(double[][] x, List<Integer> scales) {
    return Arrays.stream(x)
        .map(row -> scales.stream().mapToDouble(k -> row[k]).toArray())
        .toArray(double[][]::new);
  }

  /** Mean of the z-scores over the scales from {@code first} on, [layer][0]. */
  double[][] meanZ(int first) {
    return Arrays.stream(z())
        .map(row -> new double[] {Arrays.stream(row, first, row.length).average().orElseThrow()})
        .toArray(double[][]::new);
  }
}
