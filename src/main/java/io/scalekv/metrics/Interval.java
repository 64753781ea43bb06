package io.scalekv.metrics;

/**
 * A mean and its confidence interval, in the metric's unit.
 *
 * @param mean mean of the finite values; NaN if there are none
 * @param low lower end; NaN for fewer than two prompts with a finite value
 * @param high upper end; NaN where the lower end is
 * @param n finite values in the mean
 * @param infinite values that were left out because they, or one of the pair, are infinite
 */
public record Interval(double mean, double low, double high, int n, int infinite) {
  /** Returns a single value, without an interval. */
  public static Interval alone(double value) {
    return new Interval(value, Double.NaN, Double.NaN, 1, 0);
  }

  /** Returns all three numbers times a factor above 0. */
  public Interval times(double factor) {
    return new Interval(mean * factor, low * factor, high * factor, n, infinite);
  }

  /** Returns whether the interval holds a value; never if its ends are NaN. */
  public boolean contains(double value) {
    return low <= value && value <= high;
  }
}
