package io.scalekv.study;

import io.scalekv.io.Require;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleAssignment;
import io.scalekv.roles.RoleChange;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.apache.commons.math3.stat.correlation.KendallsCorrelation;
import org.apache.commons.math3.stat.correlation.SpearmansCorrelation;

/**
 * Agreement of two sources on a model's layers. A number is NaN where a source has no such values
 * or where it is undefined, as a rank correlation with a constant.
 *
 * @param a one source
 * @param b another of the same model
 * @param firstScale first scale, 0-based, at which either reads a compressed cache
 * @param scales one entry for each scale from {@code firstScale} on
 * @param all the same over all of these scales together
 * @param orders one entry for each source map that both have an order of
 */
public record RoleAgreement(
    RoleSource a,
    RoleSource b,
    int firstScale,
    List<OfScales> scales,
    OfScales all,
    List<OfOrders> orders) {
  /**
   * Agreement at one scale, or at several.
   *
   * @param scale the scale, or −1 for all
   * @param draftersA number of drafters
   * @param draftersB number in the other; both 0 where a source has no roles
   * @param jaccard overlap of the drafters, |A ∩ B| / |A ∪ B|; 1 where both have none
   * @param adjustedRand of the partitions into drafters and refiners
   * @param zSpearman rank correlation of the z-scores
   * @param tokensSpearman rank correlation of the tokens of layers against the mean of their scale
   * @param commonTokens share of the tokens that both give to the same layers, Σ min of the shares:
   *     1 for equal plans, 0 where no layer has tokens in both
   */
  public record OfScales(
      int scale,
      int draftersA,
      int draftersB,
      double jaccard,
      double adjustedRand,
      double zSpearman,
      double tokensSpearman,
      double commonTokens) {}

  /**
   * Agreement of two orders of one source map. Published orders have near-ties, so that equality
   * means little.
   *
   * @param map the source map
   * @param spearman rank correlation of the blocks' ranks
   * @param kendall Kendall's τ of them
   * @param firstHalf share of the blocks in the first half of one order, evicted first, that are in
   *     the first half of the other; 0.5 by chance
   */
  public record OfOrders(int map, double spearman, double kendall, double firstHalf) {}

  /** Copies the lists. */
  public RoleAgreement {
    scales = List.copyOf(scales);
    orders = List.copyOf(orders);
  }

  /**
   * Reads and compares two files. A {@code roles.json} states the model, and the budget for orders
   * of HeatKV.
   *
   * @throws IllegalArgumentException if neither is a {@code roles.json}
   */
  public static RoleAgreement read(Path a, Path b) throws IOException {
    Path[] files = {a, b};
    RoleSource[] sources = new RoleSource[2];
    RoleSource known = null;
    for (int i = 0; i < 2; i++) {
      if (RoleSource.kind(files[i]) == RoleSource.Kind.ROLES) {
        sources[i] = RoleSource.of(files[i].toString(), CalibrationFile.read(files[i]));
        known = known == null ? sources[i] : known;
      }
    }
    Require.that(known != null, "one of %s and %s must be a roles.json of this project", a, b);
    for (int i = 0; i < 2; i++) {
      if (sources[i] == null) {
        sources[i] =
            RoleSource.kind(files[i]) == RoleSource.Kind.SCALEKV
                ? RoleSource.ofScaleKv(files[i], known.model())
                : RoleSource.ofHeatKv(files[i], known.model(), known.budget());
      }
    }
    return of(sources[0], sources[1]);
  }

  /**
   * Compares two sources.
   *
   * @throws IllegalArgumentException if layers, token maps or, where both have orders, heads differ
   */
  public static RoleAgreement of(RoleSource a, RoleSource b) {
    boolean orders = a.orders() != null && b.orders() != null;
    Require.that(
        a.model().schedule().equals(b.model().schedule())
            && a.model().layers() == b.model().layers()
            && (!orders || a.model().heads() == b.model().heads()),
        "%s and %s must be of one model and schedule, got %s with %d layers and %s with %d",
        a.name(),
        b.name(),
        a.model().name(),
        a.model().layers(),
        b.model().name(),
        b.model().layers());
    int first = Math.min(a.firstCutScale(), b.firstCutScale());
    int last = a.model().scales();
    List<OfScales> scales = new ArrayList<>();
    for (int k = first; k < last; k++) {
      scales.add(between(a, b, k, k + 1));
    }
    OfScales all = between(a, b, first, last);
    return new RoleAgreement(a, b, first, scales, all, orders ? orders(a, b) : List.of());
  }

  private static OfScales between(RoleSource a, RoleSource b, int from, int to) {
    boolean roles = a.roles() != null && b.roles() != null;
    RoleAssignment x = roles ? part(a.roles(), from, to) : null;
    RoleAssignment y = roles ? part(b.roles(), from, to) : null;
    return new OfScales(
        to == from + 1 ? from : -1,
        roles ? x.drafters().size() : 0,
        roles ? y.drafters().size() : 0,
        roles ? x.jaccard(y) : Double.NaN,
        roles ? PartitionAgreement.adjustedRand(x, y, 0) : Double.NaN,
        a.z() == null || b.z() == null
            ? Double.NaN
            : spearman(transposed(a.z()), transposed(b.z()), from, to),
        spearman(a.shares(), b.shares(), from, to),
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
    double[][] other = new double[table[0].length][table.length];
    for (int i = 0; i < table.length; i++) {
      for (int j = 0; j < table[i].length; j++) {
        other[j][i] = table[i][j];
      }
    }
    return other;
  }

  private static double spearman(double[][] x, double[][] y, int from, int to) {
    List<double[]> both = new ArrayList<>();
    for (int k = from; k < to; k++) {
      for (int l = 0; l < x[k].length; l++) {
        if (!Double.isNaN(x[k][l]) && !Double.isNaN(y[k][l])) {
          both.add(new double[] {x[k][l], y[k][l]});
        }
      }
    }
    return both.size() < 2
        ? Double.NaN
        : new SpearmansCorrelation()
            .correlation(
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

  private static List<OfOrders> orders(RoleSource a, RoleSource b) {
    List<OfOrders> all = new ArrayList<>();
    int first = Math.max(a.orders().sinkScales(), b.orders().sinkScales());
    for (int s = first; s <= a.orders().scales() - 2; s++) {
      double[] x = ranks(a.orders().order(s));
      double[] y = ranks(b.orders().order(s));
      all.add(
          new OfOrders(
              s,
              x.length < 2 ? Double.NaN : new SpearmansCorrelation().correlation(x, y),
              x.length < 2 ? Double.NaN : new KendallsCorrelation().correlation(x, y),
              firstHalf(a.orders().order(s), b.orders().order(s))));
    }
    return all;
  }

  private static double[] ranks(int[] order) {
    double[] ranks = new double[order.length];
    for (int r = 0; r < order.length; r++) {
      ranks[order[r]] = r;
    }
    return ranks;
  }

  private static double firstHalf(int[] x, int[] y) {
    int half = x.length / 2;
    BitSet first = new BitSet();
    Arrays.stream(x, 0, half).forEach(first::set);
    long common = Arrays.stream(y, 0, half).filter(first::get).count();
    return half == 0 ? Double.NaN : (double) common / half;
  }

  /**
   * Returns the position of a layer's blocks in the orders of both, mean over its heads and as a
   * share of the order: 0 is evicted first, 1 last. [map − first][layer][a or b]; empty where
   * orders are missing.
   */
  public double[][][] places() {
    double[][][] places = new double[orders.size()][a.model().layers()][2];
    for (int i = 0; i < places.length; i++) {
      HeatKvOrders[] both = {a.orders(), b.orders()};
      for (int w = 0; w < 2; w++) {
        int[] order = both[w].order(orders.get(i).map());
        for (int r = 0; r < order.length; r++) {
          int layer = both[w].layer(order[r]);
          places[i][layer][w] += r / Math.max(1.0, order.length - 1.0) / a.model().heads();
        }
      }
    }
    return places;
  }

  /** Returns the pairs whose role differs; none where a source has no roles. */
  public List<RoleChange> changes() {
    return a.roles() == null || b.roles() == null ? List.of() : a.roles().diff(b.roles());
  }
}
