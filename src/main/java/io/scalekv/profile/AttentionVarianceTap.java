package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * How much the attention of a head differs from query to query: v_k(l, h) = mean over the keys j of
 * Var_i(p_ij), over all queries i of map k (population variance), by which HACK (arXiv 2504.09261,
 * from secondary notes) tells contextual heads from structural ones. Conditional rows only.
 *
 * <p>The variance shrinks with the square of the number of keys, so heads are ranked within each
 * map and the ranks averaged over the maps. Maps of one token tell nothing and are left out, as is
 * the first map, which has no history.
 *
 * <p>One tap watches one generation of one or more prompts; taps of disjoint prompts combine.
 */
public final class AttentionVarianceTap implements AttentionTap {
  private final PromptSites sites;

  private AttentionVarianceTap(ProfileGeometry geometry, int... prompts) {
    if (maps(geometry.schedule()).length == 0) {
      throw new IllegalArgumentException(
          "attention variance: a second map of at least 2 tokens expected, got "
              + geometry.schedule().maps());
    }
    this.sites = new PromptSites(geometry, geometry.heads(), prompts);
  }

  private AttentionVarianceTap(PromptSites sites) {
    this.sites = sites;
  }

  /** What was measured elsewhere. */
  static AttentionVarianceTap of(PromptSites sites) {
    return new AttentionVarianceTap(sites);
  }

  PromptSites sites() {
    return sites;
  }

  /**
   * A tap for one generation.
   *
   * @param geometry shape of the model
   * @param prompts index in the prompt set of each conditional batch row
   */
  public static AttentionVarianceTap create(ProfileGeometry geometry, int... prompts) {
    return new AttentionVarianceTap(geometry, prompts);
  }

  private static int[] maps(ScaleSchedule schedule) {
    return IntStream.range(1, schedule.scales()).filter(k -> schedule.tokens(k) > 1).toArray();
  }

  void check(AttentionSite site, Shape query, Shape key) {
    SiteCheck.check(sites.geometry(), sites.rows(), site, query, key);
  }

  @Override
  public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    check(site, query.getShape(), key.getShape());
    accept(site, AttentionColumns.of(site, query, key));
  }

  void accept(AttentionSite site, AttentionColumns columns) {
    ScaleSchedule schedule = sites.geometry().schedule();
    int queries = schedule.tokens(site.scale());
    int keys = schedule.tokensBefore(site.scale() + 1);
    for (int row = 0; row < sites.rows(); row++) {
      double[] variance = new double[sites.geometry().heads()];
      for (int h = 0; h < variance.length; h++) {
        for (int j = 0; j < keys; j++) {
          double mean = columns.sum(row, h, j) / queries;
          variance[h] += columns.squares(row, h, j) / queries - mean * mean;
        }
        variance[h] = Math.max(0, variance[h] / keys);
      }
      sites.set(site, row, variance);
    }
  }

  /** Takes in the prompts of another tap. */
  public AttentionVarianceTap combine(AttentionVarianceTap other) {
    sites.add(other.sites);
    return this;
  }

  /** v_k(l, h) as a mean over the prompts, [layer][head][map]; NaN in maps that are left out. */
  public double[][][] variances() {
    ProfileGeometry g = sites.geometry();
    double[][][] v = new double[g.layers()][g.heads()][g.scales()];
    for (int l = 0; l < g.layers(); l++) {
      for (double[] head : v[l]) {
        Arrays.fill(head, Double.NaN);
      }
      for (int k : maps(g.schedule())) {
        double[] mean = sites.mean(l, k);
        for (int h = 0; h < mean.length; h++) {
          v[l][h][k] = mean[h];
        }
      }
    }
    return v;
  }

  /**
   * Mean rank over the maps, [layer][head]: 1 for a head of lowest variance in every map, L·H for
   * one of highest; equal variances share their mean rank.
   */
  public double[][] ranks() {
    ProfileGeometry g = sites.geometry();
    double[][][] v = variances();
    int[] maps = maps(g.schedule());
    double[][] ranks = new double[g.layers()][g.heads()];
    for (int k : maps) {
      double[] flat =
          IntStream.range(0, g.layers() * g.heads())
              .mapToDouble(i -> v[i / g.heads()][i % g.heads()][k])
              .toArray();
      double[] rank = rank(flat);
      for (int i = 0; i < rank.length; i++) {
        ranks[i / g.heads()][i % g.heads()] += rank[i] / maps.length;
      }
    }
    return ranks;
  }

  /** Ranks from 1; equal values share their mean rank. */
  private static double[] rank(double[] values) {
    int[] order =
        IntStream.range(0, values.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> values[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] rank = new double[values.length];
    for (int from = 0; from < order.length; ) {
      int to = from;
      while (to < order.length && values[order[to]] == values[order[from]]) {
        to++;
      }
      for (int i = from; i < to; i++) {
        rank[order[i]] = (from + 1 + to) / 2.0;
      }
      from = to;
    }
    return rank;
  }
}
