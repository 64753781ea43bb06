package io.scalekv.study;

import io.scalekv.io.Require;
import io.scalekv.metrics.RankCorrelation;
import io.scalekv.report.LayerScaleMap;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleAssignment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Agreement of two sources on a model's layers.
 *
 * @param a one source
 * @param b another of the same model
 * @param firstScale first scale, 0-based, at which either reads a compressed cache
 * @param scales one entry for each scale from {@code firstScale} on
 * @param all the same over all of these scales together
 */
public record RoleAgreement(
    RoleSource a, RoleSource b, int firstScale, List<OfScales> scales, OfScales all) {
  /**
   * Agreement at one scale, or at several. A number is null without roles, NaN where it is
   * undefined, as a rank correlation with a constant.
   *
   * @param scale the scale, from 1; null for all
   * @param draftersA number of drafters
   * @param draftersB number in the other
   * @param jaccard overlap of the drafters, |A ∩ B| / |A ∪ B|; 1 where both have none
   * @param adjustedRand of the partitions into drafters and refiners
   * @param zSpearman rank correlation of the z-scores
   * @param tokensSpearman rank correlation of the tokens of layers against the mean of their scale
   * @param commonTokens share of the tokens that both give to the same layers, Σ min of the shares:
   *     1 for equal plans, 0 where no layer has tokens in both
   */
  public record OfScales(
      Integer scale,
      Integer draftersA,
      Integer draftersB,
      Double jaccard,
      Double adjustedRand,
      double zSpearman,
      double tokensSpearman,
      double commonTokens) {}

  /** Copies the list. */
  public RoleAgreement {
    scales = List.copyOf(scales);
  }

  /**
   * Reads and compares two files.
   *
   * @param origin answers for what the files do not state
   */
  public static RoleAgreement read(List<Path> files, RoleSource.Origin origin) throws IOException {
    List<RoleSource> sources = RoleSource.read(files, origin);
    return of(sources.get(0), sources.get(1));
  }

  /**
   * Compares two sources.
   *
   * @throws IllegalArgumentException if layers or token maps differ
   */
  public static RoleAgreement of(RoleSource a, RoleSource b) {
    Require.that(
        a.model().schedule().equals(b.model().schedule())
            && a.model().layers() == b.model().layers(),
        "%s and %s must be of one model and schedule, got %s with %d layers and %s with %d",
        a.name(),
        b.name(),
        a.model().name(),
        a.model().layers(),
        b.model().name(),
        b.model().layers());
    int first = Math.min(a.firstCutScale(), b.firstCutScale());
    int last = a.model().scales();
    List<OfScales> scales =
        IntStream.range(first, last).mapToObj(k -> between(k + 1, a, b, k, k + 1)).toList();
    return new RoleAgreement(a, b, first, scales, between(null, a, b, first, last));
  }

  private static OfScales between(Integer scale, RoleSource a, RoleSource b, int from, int to) {
    boolean roles = a.roles() != null && b.roles() != null;
    RoleAssignment x = a.roles() == null ? null : part(a.roles(), from, to);
    RoleAssignment y = b.roles() == null ? null : part(b.roles(), from, to);
    return new OfScales(
        scale,
        x == null ? null : x.drafters().size(),
        y == null ? null : y.drafters().size(),
        roles ? x.jaccard(y) : null,
        roles ? PartitionAgreement.adjustedRand(x, y, 0) : null,
        a.z() == null || b.z() == null ? Double.NaN : spearman(a.z(), b.z(), from, to),
        spearman(transposed(a.shares()), transposed(b.shares()), from, to),
        common(a.shares(), b.shares(), from, to));
  }

  /**
   * Returns the roles of some scales, the first of which counts as 0; of none: one without
   * drafters.
   */
  private static RoleAssignment part(RoleAssignment roles, int from, int to) {
    return RoleAssignment.of(
        roles.layers(),
        Math.max(1, to - from),
        roles.drafters().stream()
            .filter(p -> p.scale() >= from && p.scale() < to)
            .map(p -> new LayerScale(p.layer(), p.scale() - from))
            .toList());
  }

  private static double[][] transposed(double[][] table) {
    return IntStream.range(0, table[0].length)
        .mapToObj(j -> Arrays.stream(table).mapToDouble(row -> row[j]).toArray())
        .toArray(double[][]::new);
  }

  /**
   * Returns the rank correlation of the values [layer][scale] that both define at the scales
   * from..to−1; NaN where undefined.
   */
  static double spearman(double[][] x, double[][] y, int from, int to) {
    List<double[]> both = new ArrayList<>();
    for (int l = 0; l < x.length; l++) {
      for (int k = from; k < to; k++) {
        if (!Double.isNaN(x[l][k]) && !Double.isNaN(y[l][k])) {
          both.add(new double[] {x[l][k], y[l][k]});
        }
      }
    }
    return both.size() < 2
        ? Double.NaN
        : RankCorrelation.spearman(
            both.stream().mapToDouble(v -> v[0]).toArray(),
            both.stream().mapToDouble(v -> v[1]).toArray());
  }

  private static double common(double[][] x, double[][] y, int from, int to) {
    double sum = 0;
    for (int k = from; k < to; k++) {
      for (int l = 0; l < x[k].length; l++) {
        sum += Math.min(x[k][l], y[k][l]) / x[k].length;
      }
    }
    return to == from ? Double.NaN : sum / (to - from);
  }

  /** Returns one row per scale, and one for all. */
  public ReportTable table() {
    List<OfScales> rows = new ArrayList<>(scales);
    rows.add(all);
    return ReportTable.of("agreement", "Two sources of roles for " + a.model().name(), rows)
        .data("scale", s -> s.scale() == null ? "all" : String.valueOf(s.scale()))
        .text("scale", s -> s.scale() == null ? "all" : scale(s.scale() - 1))
        .both("draftersA", "drafters of A", OfScales::draftersA)
        .both("draftersB", "drafters of B", OfScales::draftersB)
        .number("jaccard", "Jaccard", 3, OfScales::jaccard)
        .number("adjustedRand", "adjusted Rand", 3, OfScales::adjustedRand)
        .number("zSpearman", "Spearman of z", 3, OfScales::zSpearman)
        .number("tokensSpearman", "Spearman of tokens", 3, OfScales::tokensSpearman)
        .number("commonTokens", "common tokens", 3, OfScales::commonTokens)
        .note("A: " + a.name() + ", " + a.budget() + " tokens per layer and head.")
        .note("B: " + b.name() + ", " + b.budget() + " tokens per layer and head.")
        .note(
            "Scales at which either reads a compressed cache. Jaccard and adjusted Rand index of"
                + " drafters and refiners; Spearman over layers, tokens against the mean of their"
                + " scale; common tokens: the share that both give to the same layers. n/a: a"
                + " source has no such values, or they are constant.")
        .build();
  }

  /** Returns the pairs whose role differs; none where a source has no roles. */
  public ReportTable changes() {
    boolean both = a.roles() != null && b.roles() != null;
    List<LayerScale> changes = both ? List.copyOf(a.roles().diff(b.roles())) : List.of();
    return ReportTable.of("changes", "Changed roles", changes)
        .both("layer", "layer", LayerScale::layer)
        .data("scale", p -> p.scale() + 1)
        .data("map", p -> a.model().schedule().map(p.scale()))
        .text("scale", p -> scale(p.scale()))
        .both("from", "A", p -> a.roles().role(p.layer(), p.scale()).word())
        .both("to", "B", p -> b.roles().role(p.layer(), p.scale()).word())
        .build();
  }

  private String scale(int scale) {
    return LayerScaleMap.scale(a.model().schedule().maps(), scale);
  }
}
