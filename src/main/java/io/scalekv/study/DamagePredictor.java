package io.scalekv.study;

import io.scalekv.profile.LayerStatistic;
import io.scalekv.report.ProfileTable;
import io.scalekv.roles.RoleStatistics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Attention statistic of each layer at each scale that may predict the damage of a compressed
 * cache.
 *
 * @param name of the statistic
 * @param oriented whether roles can be assigned by it: then low means drafter; others are as
 *     measured
 * @param values [layer][scale], NaN where undefined
 */
record DamagePredictor(String name, boolean oriented, double[][] values) {
  private static final String SOURCE = "source-mass-";

  /**
   * Returns the statistics of a profile that are defined at all scales from {@code first}, 0-based,
   * on: those that assign roles, all others, and the attention on each source map that is never
   * evicted from. A statistic that repeats another is left out.
   */
  static List<DamagePredictor> of(ProfileTable profile, int first) {
    Set<String> assigning =
        Arrays.stream(LayerStatistic.values())
            .map(LayerStatistic::cliName)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    List<DamagePredictor> all = new ArrayList<>();
    for (String name : profile.statistics("layer")) {
      if (assigning.contains(name)) {
        int sign = LayerStatistic.ofCliName(name).sign();
        double[][] values = times(sign, profile.values("layer", name));
        add(all, new DamagePredictor(name, true, values), first);
      }
    }
    for (String name : profile.statistics("all")) {
      if (!assigning.contains(name) && !name.startsWith(SOURCE)) {
        add(all, new DamagePredictor(name, false, profile.values("all", name)), first);
      }
    }
    double[][][] mass = profile.sourceMass();
    for (int source = 0; source < first - 1; source++) {
      int s = source;
      double[][] values =
          Arrays.stream(mass)
              .map(layer -> Arrays.stream(layer).mapToDouble(k -> k[s]).toArray())
              .toArray(double[][]::new);
      add(all, new DamagePredictor(SOURCE + (source + 1), false, values), first);
    }
    return all;
  }

  private static void add(List<DamagePredictor> all, DamagePredictor one, int first) {
    boolean defined =
        Arrays.stream(one.values)
            .flatMapToDouble(row -> Arrays.stream(row, first, row.length))
            .allMatch(Double::isFinite);
    if (defined && all.stream().noneMatch(f -> f.repeats(one, first))) {
      all.add(one);
    }
  }

  private static double[][] times(int sign, double[][] x) {
    return Arrays.stream(x)
        .map(row -> Arrays.stream(row).map(v -> sign * v).toArray())
        .toArray(double[][]::new);
  }

  /** Returns whether another has the same values, except for their sign. */
  private boolean repeats(DamagePredictor other, int first) {
    for (int l = 0; l < values.length; l++) {
      for (int k = first; k < values[l].length; k++) {
        if (Math.abs(values[l][k]) != Math.abs(other.values[l][k])) {
          return false;
        }
      }
    }
    return true;
  }

  /** Returns the z-scores over the layers of each scale. */
  double[][] z() {
    return RoleStatistics.zScores(values);
  }

  /** Returns the values at some scales, [layer][place]. */
  static double[][] at(double[][] x, List<Integer> scales) {
    return Arrays.stream(x)
        .map(row -> scales.stream().mapToDouble(k -> row[k]).toArray())
        .toArray(double[][]::new);
  }

  /** Returns the mean of the z-scores over the scales from {@code first} on, [layer][0]. */
  double[][] meanZ(int first) {
    return Arrays.stream(z())
        .map(row -> new double[] {Arrays.stream(row, first, row.length).average().orElseThrow()})
        .toArray(double[][]::new);
  }
}
