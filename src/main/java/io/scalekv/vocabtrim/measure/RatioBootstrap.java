package io.scalekv.vocabtrim.measure;

import io.scalekv.io.Require;
import java.util.SplittableRandom;
import org.apache.commons.statistics.descriptive.Quantile;

/**
 * Percentile intervals of ratios of sums over prompts, such as τ = Σ tokens / Σ calls. Resamples
 * draw prompts with replacement; ratios over the same prompts are resampled alike, so differences
 * are paired (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
 *
 * @param resamples at least 100
 * @param level share inside the interval
 * @param seed of the resamples
 */
public record RatioBootstrap(int resamples, double level, long seed) {
  private static final int FEWEST = 100;

  /** Checks the settings. */
  public RatioBootstrap {
    Require.that(
        resamples >= FEWEST && level > 0 && level < 1,
        "bootstrap must have at least %s resamples and a level in (0, 1), got %s and %s",
        FEWEST,
        resamples,
        level);
  }

  /** 2 000 resamples, 95 %. */
  public static RatioBootstrap withSeed(long seed) {
    return new RatioBootstrap(2000, 0.95, seed);
  }

  /**
   * A value and its interval.
   *
   * @param value of all prompts
   * @param low lower end; NaN with fewer than two prompts
   * @param high upper end
   */
  public record Estimate(double value, double low, double high) {
    /** All three times a factor above 0. */
    public Estimate times(double factor) {
      return new Estimate(value * factor, low * factor, high * factor);
    }
  }

  /** Σ above / Σ below. */
  public Estimate ratio(double[] above, double[] below) {
    return difference(above, below, new double[above.length], below, 1, 1);
  }

  /** scaleA · Σ aboveA / Σ belowA − scaleB · Σ aboveB / Σ belowB, paired by prompt. */
  public Estimate difference(
      double[] aboveA,
      double[] belowA,
      double[] aboveB,
      double[] belowB,
      double scaleA,
      double scaleB) {
    int n = aboveA.length;
    Require.that(
        n != 0 && belowA.length == n && aboveB.length == n && belowB.length == n,
        "bootstrap must have the same number of prompts in all sums, at least one, got %s, %s, %s"
            + " and %s",
        n,
        belowA.length,
        aboveB.length,
        belowB.length);
    int[] all = new int[n];
    for (int i = 0; i < n; i++) {
      all[i] = i;
    }
    double value = scaleA * ratio(all, aboveA, belowA) - scaleB * ratio(all, aboveB, belowB);
    if (n < 2) {
      return new Estimate(value, Double.NaN, Double.NaN);
    }
    SplittableRandom random = new SplittableRandom(seed);
    double[] values = new double[resamples];
    int[] drawn = new int[n];
    for (int r = 0; r < resamples; r++) {
      for (int i = 0; i < n; i++) {
        drawn[i] = random.nextInt(n);
      }
      values[r] = scaleA * ratio(drawn, aboveA, belowA) - scaleB * ratio(drawn, aboveB, belowB);
    }
    double tail = (1 - level) / 2;
    double[] ends = Quantile.withDefaults().evaluate(values, new double[] {tail, 1 - tail});
    return new Estimate(value, ends[0], ends[1]);
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
}
