package io.scalekv.metrics;

import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.commons.statistics.descriptive.Quantile;

/**
 * Percentile bootstrap interval of a mean over prompts. Each resample draws as many prompts as
 * there are, with replacement, and takes every image of a drawn prompt: images of one prompt are
 * not independent. Samples of one number of prompts are resampled alike, so the rows of a table are
 * paired.
 *
 * <p>Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
 *
 * @param resamples number of resamples, at least 100
 * @param level share of the distribution inside the interval, in (0, 1)
 * @param seed of the resamples
 */
public record Bootstrap(int resamples, double level, long seed) {
  private static final int FEWEST = 100;

  public Bootstrap {
    Require.atLeast("bootstrap resamples", resamples, FEWEST);
    Require.that(level > 0 && level < 1, "level must be above 0 and below 1, got %s", level);
  }

  /** 10 000 resamples, 95 %, percentiles. */
  public static Bootstrap withSeed(long seed) {
    return new Bootstrap(10_000, 0.95, seed);
  }

  /** The mean of one value per prompt. Errors as {@link #mean(double[][])}. */
  public Interval mean(double... values) {
    return mean(oneEach(values));
  }

  /**
   * The mean over all images, [prompt][image]; +∞ (identical images) is left out and counted.
   *
   * @throws IllegalArgumentException for NaN or −∞
   */
  public Interval mean(double[][] byPrompt) {
    double[] sums = new double[byPrompt.length];
    int[] counts = new int[byPrompt.length];
    int prompts = 0;
    int infinite = 0;
    for (double[] values : byPrompt) {
      FiniteMean m = FiniteMean.of(values);
      infinite += m.infinite();
      if (m.finite() > 0) {
        sums[prompts] = m.mean() * m.finite();
        counts[prompts++] = m.finite();
      }
    }
    sums = Arrays.copyOf(sums, prompts);
    counts = Arrays.copyOf(counts, prompts);
    double sum = Arrays.stream(sums).sum();
    int n = Arrays.stream(counts).sum();
    if (prompts < 2) {
      return new Interval(n == 0 ? Double.NaN : sum / n, Double.NaN, Double.NaN, n, infinite);
    }
    double[] means = resampledMeans(sums, counts);
    double tail = (1 - level) / 2;
    double[] probabilities = {tail, 1 - tail};
    double[] ends = Quantile.withDefaults().evaluate(means, probabilities);
    return new Interval(sum / n, ends[0], ends[1], n, infinite);
  }

  /**
   * The mean of a − b of one value per prompt. Errors as {@link #difference(double[][],
   * double[][])}.
   */
  public Interval difference(double[] a, double[] b) {
    return difference(oneEach(a), oneEach(b));
  }

  /**
   * The mean of a − b over all images, [prompt][image], pair by pair; a pair with an infinite value
   * is left out and counted.
   *
   * @throws IllegalArgumentException for NaN or −∞, or if the two are not of one shape
   */
  public Interval difference(double[][] a, double[][] b) {
    PairedValues.sameLength("bootstrap: prompts", a.length, b.length);
    double[][] differences = new double[a.length][];
    for (int p = 0; p < a.length; p++) {
      PairedValues.sameLength("bootstrap: images of prompt " + p, a[p].length, b[p].length);
      FiniteMean.of(a[p]);
      FiniteMean.of(b[p]);
      differences[p] = new double[a[p].length];
      for (int i = 0; i < a[p].length; i++) {
        boolean finite = Double.isFinite(a[p][i]) && Double.isFinite(b[p][i]);
        differences[p][i] = finite ? a[p][i] - b[p][i] : Double.POSITIVE_INFINITY;
      }
    }
    return mean(differences);
  }

  private static double[][] oneEach(double[] values) {
    return Arrays.stream(values).mapToObj(v -> new double[] {v}).toArray(double[][]::new);
  }

  private double[] resampledMeans(double[] sums, int[] counts) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] means = new double[resamples];
    for (int r = 0; r < resamples; r++) {
      double sum = 0;
      int n = 0;
      for (int i = 0; i < sums.length; i++) {
        int p = random.nextInt(sums.length);
        sum += sums[p];
        n += counts[p];
      }
      means[r] = sum / n;
    }
    return means;
  }
}
