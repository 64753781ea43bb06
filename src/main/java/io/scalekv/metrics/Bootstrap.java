package io.scalekv.metrics;

import io.scalekv.io.Require;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.commons.statistics.descriptive.Quantile;

/**
 * 95 % percentile bootstrap interval of a mean or a ratio over prompts. Each resample draws as many
 * prompts as there are, with replacement, and takes every image of a drawn prompt: images of one
 * prompt are not independent. Samples of one number of prompts are resampled alike, so the rows of
 * a table are paired.
 *
 * <p>Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
 *
 * @param resamples number of resamples, at least 100
 * @param seed of the resamples
 */
public record Bootstrap(int resamples, long seed) {
  private static final int FEWEST = 100;

  /** Shares of the distribution below the ends of a 95 % interval. */
  private static final double[] ENDS = {(1 - 0.95) / 2, 1 - (1 - 0.95) / 2};

  /** Checks the number of resamples. */
  public Bootstrap {
    Require.atLeast("bootstrap resamples", resamples, FEWEST);
  }

  /** 10 000 resamples. */
  public static Bootstrap withSeed(long seed) {
    return new Bootstrap(10_000, seed);
  }

  /** Returns the mean of one value per prompt. Errors as {@link #mean(double[][])}. */
  public Interval mean(double... values) {
    return mean(oneEach(values));
  }

  /**
   * Returns the mean over all images, [prompt][image]; +∞ (identical images) is left out and
   * counted.
   *
   * @throws IllegalArgumentException for NaN or −∞
   */
  public Interval mean(double[][] byPrompt) {
    double[] sums = new double[byPrompt.length];
    int[] counts = new int[byPrompt.length];
    int prompts = 0;
    int infinite = 0;
    for (double[] values : byPrompt) {
      checkValues(values);
      double sum = 0;
      int finite = 0;
      for (double v : values) {
        if (v < Double.POSITIVE_INFINITY) {
          sum += v;
          finite++;
        }
      }
      infinite += values.length - finite;
      if (finite > 0) {
        sums[prompts] = sum / finite * finite; // rounded as in stored results
        counts[prompts++] = finite;
      }
    }
    double[] above = Arrays.copyOf(sums, prompts);
    double[] below = Arrays.stream(counts).limit(prompts).asDoubleStream().toArray();
    double sum = Arrays.stream(above).sum();
    int n = Arrays.stream(counts).sum();
    if (prompts < 2) {
      return new Interval(n == 0 ? Double.NaN : sum / n, Double.NaN, Double.NaN, n, infinite);
    }
    double[] ends = ends(prompts, drawn -> ratio(drawn, above, below));
    return new Interval(sum / n, ends[0], ends[1], n, infinite);
  }

  /**
   * Returns the ratio Σ above / Σ below of two sums over prompts, such as tokens over calls.
   *
   * @param above one value per prompt, at least one prompt
   * @param below one value per prompt
   */
  public Interval ratio(double[] above, double[] below) {
    return statistic(above.length, drawn -> ratio(drawn, above, below));
  }

  /**
   * Returns the difference of two ratios that share their numerator, each times a factor, paired by
   * prompt: factorA · Σ above / Σ belowA − factorB · Σ above / Σ belowB.
   */
  public Interval ratioDifference(
      double[] above, double[] belowA, double[] belowB, double factorA, double factorB) {
    return statistic(
        above.length,
        drawn -> factorA * ratio(drawn, above, belowA) - factorB * ratio(drawn, above, belowB));
  }

  private Interval statistic(int prompts, ToDoubleFunction<int[]> statistic) {
    Require.atLeast("bootstrap prompts", prompts, 1);
    double value = statistic.applyAsDouble(IntStream.range(0, prompts).toArray());
    double[] ends = prompts < 2 ? new double[] {Double.NaN, Double.NaN} : ends(prompts, statistic);
    return new Interval(value, ends[0], ends[1], prompts, 0);
  }

  /**
   * Returns the mean of a − b of one value per prompt. Errors as {@link #difference(double[][],
   * double[][])}.
   */
  public Interval difference(double[] a, double[] b) {
    return difference(oneEach(a), oneEach(b));
  }

  /**
   * Returns the mean of a − b over all images, [prompt][image], pair by pair; a pair with an
   * infinite value is left out and counted.
   *
   * @throws IllegalArgumentException for NaN or −∞, or if the two are not of one shape
   */
  public Interval difference(double[][] a, double[][] b) {
    Sizes.sameLength("bootstrap: prompts", a.length, b.length);
    double[][] differences = new double[a.length][];
    for (int p = 0; p < a.length; p++) {
      Sizes.sameLength("bootstrap: images of prompt " + p, a[p].length, b[p].length);
      checkValues(a[p]);
      checkValues(b[p]);
      differences[p] = new double[a[p].length];
      for (int i = 0; i < a[p].length; i++) {
        boolean finite = Double.isFinite(a[p][i]) && Double.isFinite(b[p][i]);
        differences[p][i] = finite ? a[p][i] - b[p][i] : Double.POSITIVE_INFINITY;
      }
    }
    return mean(differences);
  }

  /** Refuses NaN and −∞, which no metric gives. */
  private static void checkValues(double... values) {
    for (int i = 0; i < values.length; i++) {
      Require.that(
          values[i] > Double.NEGATIVE_INFINITY,
          "mean: value %s must be a number or +Infinity, got %s",
          i,
          values[i]);
    }
  }

  private static double[][] oneEach(double[] values) {
    return Arrays.stream(values).mapToObj(v -> new double[] {v}).toArray(double[][]::new);
  }

  private static double ratio(int[] prompts, double[] above, double[] below) {
    double a = 0;
    double b = 0;
    for (int p : prompts) {
      a += above[p];
      b += below[p];
    }
    return a / b;
  }

  /** Returns the ends of the interval of a statistic of drawn prompts. */
  private double[] ends(int prompts, ToDoubleFunction<int[]> statistic) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] values = new double[resamples];
    int[] drawn = new int[prompts];
    for (int r = 0; r < resamples; r++) {
      for (int i = 0; i < prompts; i++) {
        drawn[i] = random.nextInt(prompts);
      }
      values[r] = statistic.applyAsDouble(drawn);
    }
    return Quantile.withDefaults().evaluate(values, ENDS);
  }
}
