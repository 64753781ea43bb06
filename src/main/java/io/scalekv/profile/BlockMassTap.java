package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionSite;
import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Attention of later maps on each source map, head by head: the scores by which HeatKV orders its
 * blocks (arXiv 2605.14877). In the conditional rows, over all queries i of target map t,
 *
 * <p>A(l, h, s) = Σ over t = max(s0, s)+1 .. K−1 of mean_i Σ_{j in map s} p_ij, as a mean over the
 * prompts; the score is A / (K−1−s) for s = s0 .. K−2. The softmax runs over the prefix and the
 * current map, so a head that looks at its own map scores low on all others.
 *
 * <p>One tap observes one generation of one or more prompts. Memory: L·K·H·K numbers a prompt.
 */
public final class BlockMassTap implements PromptTap {
  private final PromptValues values;
  private final SharedColumns columns;

  /** Makes a tap for one generation. */
  public BlockMassTap(Generation generation) {
    this.values =
        PromptValues.create(generation.shape(), width(generation.shape()), generation.images());
    this.columns = generation.columns();
  }

  /** Returns numbers per (layer, scale): the mass of every source map, for each head. */
  public static int width(ProfileGeometry shape) {
    return shape.heads() * shape.scales();
  }

  @Override
  public PromptValues values() {
    return values;
  }

  @Override
  public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
    SiteCheck.check(values.geometry(), values.rows(), site, query.getShape(), key.getShape());
    AttentionColumns sums = columns.of(site, query, key);
    ScaleSchedule schedule = values.geometry().schedule();
    int heads = values.geometry().heads();
    int scales = values.geometry().scales();
    int queries = site.queries();
    for (int row = 0; row < values.rows(); row++) {
      double[] mass = new double[heads * scales];
      for (int h = 0; h < heads; h++) {
        for (int s = 0; s <= site.scale(); s++) {
          double sum = 0;
          for (int j = schedule.tokensBefore(s); j < schedule.tokensBefore(s + 1); j++) {
            sum += sums.sum(row, h, j);
          }
          mass[h * scales + s] = sum / queries;
        }
      }
      values.set(site, row, mass);
    }
  }

  /** Returns the mass of every source map from statistics of every query row. */
  public static PromptValues of(AttentionProfile statistics) {
    ProfileGeometry g = statistics.geometry();
    SortedMap<Integer, double[]> flat = new TreeMap<>();
    for (PromptStatistics p : statistics.prompts()) {
      double[] all = new double[g.layers() * g.scales() * width(g)];
      int at = 0;
      for (int l = 0; l < g.layers(); l++) {
        for (int k = 0; k < g.scales(); k++) {
          for (int h = 0; h < g.heads(); h++) {
            for (int s = 0; s < g.scales(); s++) {
              all[at++] = p.sourceMass(Branch.CONDITIONAL, l, k, h, s);
            }
          }
        }
      }
      flat.put(p.prompt(), all);
    }
    return PromptValues.ofFlat(g, width(g), flat);
  }

  /**
   * Returns the mean attention of later maps on each source map, [layer][head][source map]; NaN for
   * the maps before s0 and the last one. An error if a generation is not complete.
   *
   * @param firstMap s0, first source map that is scored
   */
  public static double[][][] scores(PromptValues values, int firstMap) {
    Require.between("first source map", firstMap, 0, values.geometry().scales() - 2);
    ProfileGeometry g = values.geometry();
    int scales = g.scales();
    double[][][] scores = new double[g.layers()][g.heads()][scales];
    for (int l = 0; l < g.layers(); l++) {
      for (int t = firstMap + 1; t < scales; t++) {
        double[] mass = values.mean(l, t);
        for (int h = 0; h < g.heads(); h++) {
          for (int s = firstMap; s < t; s++) {
            scores[l][h][s] += mass[h * scales + s] / (scales - 1 - s);
          }
        }
      }
      for (double[] head : scores[l]) {
        Arrays.fill(head, 0, firstMap, Double.NaN);
        head[scales - 1] = Double.NaN;
      }
    }
    return scores;
  }
}
