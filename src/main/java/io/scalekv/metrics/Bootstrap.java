package io.scalekv.metrics;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.statistics.descriptive.Quantile;

/**
 * Bootstrap interval of a mean over prompts. Each resample draws as many prompts as there are, with
 * replacement, and takes every image of a drawn prompt: images of one prompt are not independent.
 * Samples of one number of prompts are resampled alike, so the rows of a table are paired.
 *
 * <p>Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14.
 *
 * @param resamples number of resamples, at least 100
 * @param level share of the distribution inside the interval, in (0, 1)
 * @param method how the ends are found
 * @param seed of the resamples
 */
public record Bootstrap(int resamples, double level, Method method, long seed) {
  private static final int FEWEST = 100;
  private static final NormalDistribution NORMAL = new NormalDistribution(null, 0, 1);

  /** How the ends of the interval are found. */
  public enum Method {
    /** The (1 ± level)/2 quantiles of the resampled means. */
    PERCENTILE,
    /** Quantiles corrected for bias and for skew (BCa, acceleration by jackknife). */
    BCA
  }

  public Bootstrap {
    if (resamples < FEWEST) {
      throw new IllegalArgumentException(
          "bootstrap: at least " + FEWEST + " resamples expected, got " + resamples);
    }
    if (!(level > 0 && level < 1)) {
      throw new IllegalArgumentException("bootstrap: a level in (0, 1) expected, got " + level);
    }
  }

  /** 10 000 resamples, 95 %, percentiles. */
  public static Bootstrap withSeed(long seed) {
    return new Bootstrap(10_000, 0.95, Method.PERCENTILE, seed);
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
    if (method == Method.BCA) {
      probabilities = corrected(probabilities, means, sums, counts, sum, n);
    }
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
      // refuses what is no number
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

  /** Φ(z₀ + (z₀ + z_α) / (1 − a (z₀ + z_α))) for each α. */
  private static double[] corrected(
      double[] alphas, double[] means, double[] sums, int[] counts, double sum, int n) {
    double below = 0;
    for (double m : means) {
      below += m < sum / n ? 1 : m == sum / n ? 0.5 : 0;
    }
    double share = Math.min(Math.max(below, 0.5), means.length - 0.5) / means.length;
    double bias = NORMAL.inverseCumulativeProbability(share);
    double acceleration = acceleration(sums, counts, sum, n);
    double[] corrected = new double[alphas.length];
    for (int i = 0; i < alphas.length; i++) {
      double z = bias + NORMAL.inverseCumulativeProbability(alphas[i]);
      corrected[i] = NORMAL.cumulativeProbability(bias + z / (1 - acceleration * z));
    }
    return corrected;
  }

  /** Σ d³ / (6 (Σ d²)^1.5), d the mean of the leave-one-prompt-out means less each of them. */
  private static double acceleration(double[] sums, int[] counts, double sum, int n) {
    double[] left = new double[sums.length];
    double mean = 0;
    for (int p = 0; p < sums.length; p++) {
      left[p] = (sum - sums[p]) / (n - counts[p]);
      mean += left[p] / sums.length;
    }
    double squares = 0;
    double cubes = 0;
    for (double v : left) {
      double d = mean - v;
      squares += d * d;
      cubes += d * d * d;
    }
    return squares == 0 ? 0 : cubes / (6 * squares * Math.sqrt(squares));
  }
}
