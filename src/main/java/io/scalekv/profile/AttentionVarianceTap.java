package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionSite;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.ranking.NaturalRanking;
import org.apache.commons.math3.stat.ranking.TiesStrategy;

/**
 * Variance of a head's attention over queries: v_k(l, h) = mean over the keys j of Var_i(p_ij),
 * over all queries i of map k (population variance), by which HACK (arXiv 2504.09261, from
 * secondary notes) separates contextual heads from structural ones. Conditional rows only.
 *
 * <p>The variance shrinks with the square of the number of keys, so heads are ranked within each
 * map and the ranks averaged over the maps. Maps of one token are left out, as is the first map,
 * which has no prefix.
 *
 * <p>One tap observes one generation of one or more prompts.
 */
public final class AttentionVarianceTap implements PromptTap {
  private final PromptValues values;
  private final SharedColumns columns;

  /** Makes a tap for one generation. */
  public AttentionVarianceTap(Generation generation) {
    Require.that(
        maps(generation.shape().schedule()).length > 0,
        "schedule must have a second map of at least 2 tokens, got %s",
        generation.shape().schedule().maps());
    this.values =
        PromptValues.create(generation.shape(), generation.shape().heads(), generation.images());
    this.columns = generation.columns();
  }

  @Override
  public PromptValues values() {
    return values;
  }

  private static int[] maps(ScaleSchedule schedule) {
    return IntStream.range(1, schedule.scales()).filter(k -> schedule.tokens(k) > 1).toArray();
  }

  @Override
  public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    SiteCheck.check(values.geometry(), values.rows(), site, query.getShape(), key.getShape());
    AttentionColumns sums = columns.of(site, query, key);
    ScaleSchedule schedule = values.geometry().schedule();
    int queries = site.queries();
    int keys = schedule.tokensBefore(site.scale() + 1);
    for (int row = 0; row < values.rows(); row++) {
      double[] variance = new double[values.geometry().heads()];
      for (int h = 0; h < variance.length; h++) {
        for (int j = 0; j < keys; j++) {
          double mean = sums.sum(row, h, j) / queries;
          variance[h] += sums.squares(row, h, j) / queries - mean * mean;
        }
        variance[h] = Math.max(0, variance[h] / keys);
      }
      values.set(site, row, variance);
    }
  }

  /** Returns v_k(l, h), mean over the prompts, [layer][head][map]; NaN in maps left out. */
  public static double[][][] variances(PromptValues values) {
    ProfileGeometry g = values.geometry();
    double[][][] v = new double[g.layers()][g.heads()][g.scales()];
    for (int l = 0; l < g.layers(); l++) {
      for (double[] head : v[l]) {
        Arrays.fill(head, Double.NaN);
      }
      for (int k : maps(g.schedule())) {
        double[] mean = values.mean(l, k);
        for (int h = 0; h < mean.length; h++) {
          v[l][h][k] = mean[h];
        }
      }
    }
    return v;
  }

  /**
   * Returns the mean rank over the maps, [layer][head]: 1 for a head of lowest variance in every
   * map, L·H for one of highest; equal variances share their mean rank.
   */
  public static double[][] ranks(PromptValues values) {
    ProfileGeometry g = values.geometry();
    double[][][] v = variances(values);
    int[] maps = maps(g.schedule());
    double[][] ranks = new double[g.layers()][g.heads()];
    for (int k : maps) {
      double[] flat =
          IntStream.range(0, g.layers() * g.heads())
              .mapToDouble(i -> v[i / g.heads()][i % g.heads()][k])
              .toArray();
      double[] rank = new NaturalRanking(TiesStrategy.AVERAGE).rank(flat);
      for (int i = 0; i < rank.length; i++) {
        ranks[i / g.heads()][i % g.heads()] += rank[i] / maps.length;
      }
    }
    return ranks;
  }
}
