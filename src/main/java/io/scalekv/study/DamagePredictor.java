package io.scalekv.study;

import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.Branch;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleStatistics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

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
  /**
   * Returns the statistics of a profile that are defined at all scales from {@code first}, 0-based,
   * on: those that assign roles, all others, and the attention on each source map that is never
   * evicted from. A statistic that repeats another is left out.
   */
  static List<DamagePredictor> of(KeptStatistics kept, int first) {
    AttentionProfile profile = kept.profile();
    List<DamagePredictor> all = new ArrayList<>();
    for (LayerStatistic s : LayerStatistic.values()) {
      double[][] values = kept.table().value(s);
      add(all, new DamagePredictor(s.cliName(), true, map(values, v -> s.sign() * v)), first);
    }
    for (HeadStatistic s : HeadStatistic.values()) {
      double[][] values =
          LayerScale.table(
              kept.table().layers(),
              kept.table().scales(),
              (l, k) -> profile.moments(Branch.CONDITIONAL, s, l, k).mean());
      if (all.stream().noneMatch(p -> p.name().equals(s.label()))) {
        add(all, new DamagePredictor(s.label(), false, values), first);
      }
    }
    double[][][] mass = profile.sourceMass(Branch.CONDITIONAL);
    for (int source = 0; source < first - 1; source++) {
      int s = source;
      double[][] values =
          Arrays.stream(mass)
              .map(layer -> Arrays.stream(layer).mapToDouble(k -> k[s]).toArray())
              .toArray(double[][]::new);
      add(all, new DamagePredictor("source-mass-" + (source + 1), false, values), first);
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

  private static double[][] map(double[][] x, DoubleUnaryOperator of) {
    return Arrays.stream(x)
        .map(row -> Arrays.stream(row).map(of).toArray())
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

  /** Returns the values at some scales, [layer][place]. */
  double[][] at(List<Integer> scales) {
    return Arrays.stream(values)
        .map(row -> scales.stream().mapToDouble(k -> row[k]).toArray())
        .toArray(double[][]::new);
  }

  /** Returns the mean of the z-scores over the scales from {@code first} on, [layer][0]. */
  double[][] meanZ(int first) {
    return Arrays.stream(RoleStatistics.zScores(values))
        .map(row -> new double[] {Arrays.stream(row, first, row.length).average().orElseThrow()})
        .toArray(double[][]::new);
  }
}
