package io.scalekv.study;

import io.scalekv.io.Require;
import io.scalekv.metrics.Interval;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.commons.statistics.descriptive.Quantile;

/**
 * Spearman's ρ between a statistic and a quantity that is a mean over prompts, where observations
 * come in blocks that are not independent: a layer is a block, its scales are its places.
 *
 * <ul>
 *   <li>ρ: Pearson's correlation of average ranks over all observations. With {@code within} ranks
 *       are taken at each place apart, over the blocks, and centred there: the contribution of a
 *       place to either side no longer counts.
 *   <li>Interval over blocks and prompts: percentiles of ρ over resamples that draw blocks, with
 *       all their places, and prompts, both with replacement; the range for another set of layers
 *       like these. Interval over prompts: the same blocks, prompts drawn alone; the accuracy of ρ
 *       for these. Both after Efron and Tibshirani, An Introduction to the Bootstrap (1993).
 *   <li>p: share of |ρ| at least as large when whole blocks are permuted, (1 + hits) / (1 +
 *       permutations), two-sided; Good, Permutation, Parametric and Bootstrap Tests (2005).
 * </ul>
 *
 * <p>All statistics are resampled and permuted alike. NaN among the quantity's values are left out
 * of its means; a mean over none counts as the smallest.
 */
public final class BlockedSpearman {
  /**
   * Result for one statistic.
   *
   * @param rho Spearman's ρ; NaN if either side is constant, and then everything else
   * @param low lower end of the interval over blocks and prompts
   * @param high its upper end
   * @param promptLow lower end of the interval over prompts
   * @param promptHigh its upper end
   * @param p of the permutation test
   * @param blocks number of blocks
   * @param n number of observations
   */
  public record Result(
      double rho,
      double low,
      double high,
      double promptLow,
      double promptHigh,
      double p,
      int blocks,
      int n) {
    /** Returns ρ with its interval over blocks and prompts. */
    public Interval interval() {
      return new Interval(rho, low, high, n, 0);
    }
  }

  private static final double TAIL = 0.025;

  /** Tolerance for rounding in a correlation of permuted ranks. */
  private static final double ROUNDING = 1e-12;

  private final int blocks;
  private final int places;

  /** Observations that are ranked together, by their numbers. */
  private final int[][] strata;

  private final int[] once;
  private final double[] ranks;

  /** Multiplicity of every observation, resample by resample, and ranks of the quantity there. */
  private final int[][] weights;

  private final double[][] jointRanks;
  private final double[][] promptRanks;
  private final int[][] permutations;

  /**
   * Draws resamples and permutations.
   *
   * @param y the quantity [block][place][prompt], equally many everywhere
   * @param within whether ranks are taken at each place separately
   * @param resamples at least 100
   * @param permutations at least 99
   */
  public BlockedSpearman(
      double[][][] y, boolean within, int resamples, int permutations, long seed) {
    this.blocks = y.length;
    this.places = blocks == 0 ? 0 : y[0].length;
    this.strata =
        within
            ? IntStream.range(0, places)
                .mapToObj(k -> IntStream.range(0, blocks).map(b -> b * places + k).toArray())
                .toArray(int[][]::new)
            : new int[][] {IntStream.range(0, blocks * places).toArray()};
    Require.that(
        blocks >= 3 && places >= 1 && y[0][0].length >= 1,
        "rank correlation must have at least 3 blocks, 1 place and 1 prompt, got %d blocks",
        blocks);
    Require.that(
        resamples >= 100 && permutations >= 99,
        "rank correlation must have at least 100 resamples and 99 permutations, got %d and %d",
        resamples,
        permutations);
    int prompts = y[0][0].length;
    for (int b = 0; b < blocks; b++) {
      sameLength("places", b, places, y[b].length);
      for (double[] values : y[b]) {
        sameLength("prompts", b, prompts, values.length);
      }
    }
    SplittableRandom random = new SplittableRandom(seed);
    this.once = new int[blocks * places];
    Arrays.fill(once, 1);
    int[] every = new int[prompts];
    Arrays.fill(every, 1);
    this.ranks = ranks(groups(means(y, every)), once);
    this.weights = new int[resamples][];
    this.jointRanks = new double[resamples][];
    this.promptRanks = new double[resamples][];
    for (int r = 0; r < resamples; r++) {
      int[] drawn = draw(random, prompts);
      int[] ofBlocks = draw(random, blocks);
      weights[r] = new int[blocks * places];
      for (int i = 0; i < weights[r].length; i++) {
        weights[r][i] = ofBlocks[i / places];
      }
      int[] groups = groups(means(y, drawn));
      jointRanks[r] = ranks(groups, weights[r]);
      promptRanks[r] = ranks(groups, once);
    }
    this.permutations = new int[permutations][];
    for (int i = 0; i < permutations; i++) {
      this.permutations[i] = permutation(random);
    }
  }

  private static void sameLength(String what, int block, int wanted, int got) {
    Require.that(got == wanted, "%s of block %d must be %d, got %d", what, block, wanted, got);
  }

  /** Multiplicities of {@code n} draws out of n. */
  private static int[] draw(SplittableRandom random, int n) {
    int[] times = new int[n];
    for (int i = 0; i < n; i++) {
      times[random.nextInt(n)]++;
    }
    return times;
  }

  private int[] permutation(SplittableRandom random) {
    int[] order = new int[blocks];
    for (int i = 0; i < blocks; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  private double[] means(double[][][] y, int[] times) {
    double[] means = new double[blocks * places];
    for (int i = 0; i < means.length; i++) {
      double[] values = y[i / places][i % places];
      double sum = 0;
      int n = 0;
      for (int p = 0; p < times.length; p++) {
        if (!Double.isNaN(values[p])) {
          sum += times[p] * values[p];
          n += times[p];
        }
      }
      means[i] = n == 0 ? Double.NEGATIVE_INFINITY : sum / n + 0.0;
    }
    return means;
  }

  /**
   * Returns the number of the different value that each observation has, ascending, within its
   * stratum.
   */
  private int[] groups(double[] values) {
    int[] groups = new int[values.length];
    for (int[] stratum : strata) {
      double[] sorted =
          Arrays.stream(stratum).mapToDouble(i -> values[i]).sorted().distinct().toArray();
      for (int i : stratum) {
        groups[i] = Arrays.binarySearch(sorted, values[i]);
      }
    }
    return groups;
  }

  /** Average ranks where observations come {@code times} times, less their mean in the stratum. */
  private double[] ranks(int[] groups, int[] times) {
    double[] ranks = new double[groups.length];
    for (int[] stratum : strata) {
      int[] count = new int[stratum.length];
      int all = 0;
      for (int i : stratum) {
        count[groups[i]] += times[i];
        all += times[i];
      }
      double[] rank = new double[stratum.length];
      int below = 0;
      for (int g = 0; g < rank.length; g++) {
        rank[g] = below + (count[g] + 1) / 2.0 - (all + 1) / 2.0;
        below += count[g];
      }
      for (int i : stratum) {
        ranks[i] = rank[groups[i]];
      }
    }
    return ranks;
  }

  private static double pearson(double[] x, double[] y, int[] times) {
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (int i = 0; i < x.length; i++) {
      xy += times[i] * x[i] * y[i];
      xx += times[i] * x[i] * x[i];
      yy += times[i] * y[i] * y[i];
    }
    return xx == 0 || yy == 0 ? Double.NaN : xy / Math.sqrt(xx * yy);
  }

  /**
   * Returns the correlation with a statistic.
   *
   * @param x [block][place], finite
   */
  public Result of(double[][] x) {
    Require.that(x.length == blocks, "blocks must be %d, got %d", blocks, x.length);
    double[] flat = new double[blocks * places];
    for (int b = 0; b < blocks; b++) {
      sameLength("places", b, places, x[b].length);
      for (int k = 0; k < places; k++) {
        Require.that(
            Double.isFinite(x[b][k]),
            "value of block %d at place %d must be finite, got %s",
            b,
            k,
            x[b][k]);
        flat[b * places + k] = x[b][k] + 0.0;
      }
    }
    int[] groups = groups(flat);
    double[] own = ranks(groups, once);
    double rho = pearson(own, ranks, once);
    if (Double.isNaN(rho)) {
      return new Result(rho, rho, rho, rho, rho, rho, blocks, flat.length);
    }
    double[] joint = new double[weights.length];
    double[] byPrompts = new double[weights.length];
    for (int r = 0; r < weights.length; r++) {
      joint[r] = pearson(ranks(groups, weights[r]), jointRanks[r], weights[r]);
      byPrompts[r] = pearson(own, promptRanks[r], once);
    }
    double[] ends = ends(joint);
    double[] promptEnds = ends(byPrompts);
    return new Result(
        rho, ends[0], ends[1], promptEnds[0], promptEnds[1], p(own, rho), blocks, flat.length);
  }

  /** Percentiles of the resamples in which both sides vary; NaN if there is none. */
  private static double[] ends(double[] sample) {
    double[] finite = Arrays.stream(sample).filter(Double::isFinite).toArray();
    return Quantile.withDefaults().evaluate(finite, TAIL, 1 - TAIL);
  }

  private double p(double[] own, double rho) {
    int hits = 0;
    double[] moved = new double[own.length];
    for (int[] order : permutations) {
      for (int i = 0; i < moved.length; i++) {
        moved[i] = ranks[order[i / places] * places + i % places];
      }
      hits += Math.abs(pearson(own, moved, once)) >= Math.abs(rho) - ROUNDING ? 1 : 0;
    }
    return (1.0 + hits) / (1 + permutations.length);
  }
}
