package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.ErrorCurve;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;

/**
 * Importance of each prefix token for each later map, head by head: the mean over that map's
 * queries, all batch rows and all generations observed of p/(1−p)·‖o − v‖, the change of the output
 * when that key alone is removed.
 *
 * <p>Sums only, so that memory does not grow with prompts: L·H·Σ_k T_k numbers.
 */
public final class KeyImportanceTap implements AttentionTap {
  private final ProfileGeometry geometry;
  private final double[][][][] sums;

  /** Queries seen, [map][layer]. */
  private final long[][] queries;

  /** Makes a tap for any number of generations of that shape. */
  public KeyImportanceTap(ProfileGeometry geometry) {
    this.geometry = geometry;
    ScaleSchedule schedule = geometry.schedule();
    this.sums = new double[geometry.scales()][geometry.layers()][geometry.heads()][];
    this.queries = new long[geometry.scales()][geometry.layers()];
    for (int k = 0; k < sums.length; k++) {
      for (double[][] layer : sums[k]) {
        for (int h = 0; h < layer.length; h++) {
          layer[h] = new double[schedule.tokensBefore(k)];
        }
      }
    }
  }

  @Override
  public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    SiteCheck.check(geometry, site.conditionalRows(), site, query.getShape(), key.getShape());
    if (site.scale() == 0) {
      return;
    }
    float[] errors = ErrorCurve.removalErrors(ErrorCurveTap.attended(site, query, key, value));
    int t = (int) key.getShape().get(2);
    int batch = (int) key.getShape().get(0);
    double[][] own = sums[site.scale()][site.layer()];
    for (int i = 0; i < batch * own.length; i++) {
      double[] head = own[i % own.length];
      for (int j = 0; j < head.length; j++) {
        head[j] += errors[i * t + j];
      }
    }
    queries[site.scale()][site.layer()] += (long) batch * geometry.schedule().tokens(site.scale());
  }

  /**
   * Returns the means, [map][layer][head][position]; map 0 has no prefix. An error if a generation
   * is not complete.
   */
  public float[][][][] importance() {
    float[][][][] means = new float[sums.length][geometry.layers()][geometry.heads()][];
    for (int k = 0; k < sums.length; k++) {
      for (int l = 0; l < means[k].length; l++) {
        if (k > 0 && queries[k][l] == 0) {
          throw new IllegalStateException(
              String.format("missing layer %d scale %d: the generation is not complete", l, k + 1));
        }
        for (int h = 0; h < means[k][l].length; h++) {
          double[] sum = sums[k][l][h];
          means[k][l][h] = new float[sum.length];
          for (int j = 0; j < sum.length; j++) {
            means[k][l][h][j] = (float) (sum[j] / queries[k][l]);
          }
        }
      }
    }
    return means;
  }
}
