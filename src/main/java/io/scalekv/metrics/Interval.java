package io.scalekv.metrics;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A mean and its confidence interval, in the metric's unit: the value of a metric over images. In
 * files NaN is null and an {@code infinite} of 0 is absent.
 *
 * @param mean mean of the finite values, or the distance of two sets; NaN if there is none
 * @param low lower end of the 95 % bootstrap interval over prompts; NaN for fewer than two prompts
 *     with a finite value
 * @param high upper end; NaN where the lower end is
 * @param n finite values in the mean
 * @param infinite values that were left out because they, or one of the pair, are infinite
 */
public record Interval(double mean, double low, double high, int n, int infinite) {
  /** Returns a single value, without an interval. */
  public static Interval alone(double value) {
    return new Interval(value, Double.NaN, Double.NaN, 1, 0);
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static Interval read(Map<String, Double> parts) {
    return new Interval(
        number(parts.get("mean")),
        number(parts.get("low")),
        number(parts.get("high")),
        parts.get("n").intValue(),
        parts.getOrDefault("infinite", 0.0).intValue());
  }

  private static double number(Double x) {
    return x == null ? Double.NaN : x;
  }

  @JsonValue
  Map<String, Number> parts() {
    Map<String, Number> parts = new LinkedHashMap<>();
    parts.put("mean", number(mean));
    parts.put("low", number(low));
    parts.put("high", number(high));
    parts.put("n", n);
    if (infinite > 0) {
      parts.put("infinite", infinite);
    }
    return parts;
  }

  private static Double number(double x) {
    return Double.isNaN(x) ? null : x;
  }

  /** Returns all three numbers times a factor above 0. */
  public Interval times(double factor) {
    return new Interval(mean * factor, low * factor, high * factor, n, infinite);
  }

  /** Returns the mean, +∞ where all values are infinite, NaN where there is none. */
  public double ranked() {
    return n == 0 && infinite > 0 ? Double.POSITIVE_INFINITY : mean;
  }

  /** Returns whether there is an interval. */
  public boolean hasInterval() {
    return !Double.isNaN(low) && !Double.isNaN(high);
  }
}
