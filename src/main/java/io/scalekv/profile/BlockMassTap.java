package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import java.util.Arrays;

/**
 * How much later maps look at each source map, head by head: the scores by which HeatKV orders its
 * blocks (arXiv 2605.14877). In the conditional rows, over all queries i of target map t,
 *
 * <p>A(l, h, s) = Σ over t = max(s0, s)+1 .. K−1 of mean_i Σ_{j in map s} p_ij, as a mean over the
 * prompts; the score is A / (K−1−s) for s = s0 .. K−2. The softmax runs over the history and the
 * current map, so a head that looks at its own map scores low on all others.
 *
 * <p>One tap watches one generation of one or more prompts; taps of disjoint prompts combine.
 * Memory: L·K·H·K numbers a prompt.
 */
public final class BlockMassTap implements AttentionTap {
  private final PromptSites sites;
  private final int firstMap;

  private BlockMassTap(ProfileGeometry geometry, int firstMap, int... prompts) {
    if (firstMap < 0 || firstMap > geometry.scales() - 2) {
      throw new IllegalArgumentException(
          String.format(
              "block mass: first source map 0 to %d expected, got %d",
              geometry.scales() - 2, firstMap));
    }
    this.sites = new PromptSites(geometry, geometry.heads() * geometry.scales(), prompts);
    this.firstMap = firstMap;
  }

  private BlockMassTap(PromptSites sites, int firstMap) {
    this.sites = sites;
    this.firstMap = firstMap;
  }

  /** What was measured elsewhere. */
  static BlockMassTap of(PromptSites sites, int firstMap) {
    return new BlockMassTap(sites, firstMap);
  }

  PromptSites sites() {
    return sites;
  }

  int firstMap() {
    return firstMap;
  }

  /**
   * A tap for one generation.
   *
   * @param geometry shape of the model
   * @param firstMap s0, first source map that is scored
   * @param prompts index in the prompt set of each conditional batch row
   */
  public static BlockMassTap create(ProfileGeometry geometry, int firstMap, int... prompts) {
    return new BlockMassTap(geometry, firstMap, prompts);
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
    int heads = sites.geometry().heads();
    int scales = sites.geometry().scales();
    int queries = schedule.tokens(site.scale());
    for (int row = 0; row < sites.rows(); row++) {
      double[] mass = new double[heads * scales];
      for (int h = 0; h < heads; h++) {
        for (int s = 0; s <= site.scale(); s++) {
          double sum = 0;
          for (int j = schedule.tokensBefore(s); j < schedule.tokensBefore(s + 1); j++) {
            sum += columns.sum(row, h, j);
          }
          mass[h * scales + s] = sum / queries;
        }
      }
      sites.set(site, row, mass);
    }
  }

  /** Takes in the prompts of another tap. */
  public BlockMassTap combine(BlockMassTap other) {
    if (firstMap != other.firstMap) {
      throw new IllegalArgumentException(
          "block mass: first source map " + firstMap + " expected, got " + other.firstMap);
    }
    sites.add(other.sites);
    return this;
  }

  /**
   * Mean attention of later maps on each source map, [layer][head][source map]; NaN for the maps
   * before s0 and the last one. An error if a generation is not complete.
   */
  public double[][][] scores() {
    ProfileGeometry g = sites.geometry();
    int scales = g.scales();
    double[][][] scores = new double[g.layers()][g.heads()][scales];
    for (int l = 0; l < g.layers(); l++) {
      for (int t = firstMap + 1; t < scales; t++) {
        double[] mass = sites.mean(l, t);
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
