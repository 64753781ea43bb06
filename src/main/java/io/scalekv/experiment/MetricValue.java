package io.scalekv.experiment;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.scalekv.metrics.Interval;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Value of a metric over the images of a run. In files NaN is null and an {@code infinite} of 0 is
 * absent.
 *
 * @param mean of the finite values, or the distance of the two sets; NaN if there is none
 * @param low lower end of the 95 % bootstrap interval over prompts; NaN where there is none
 * @param high upper end of the interval
 * @param n finite values
 * @param infinite values left out of the mean: identical images
 */
public record MetricValue(double mean, double low, double high, int n, int infinite) {
  /** Returns an interval as a value. */
  public static MetricValue of(Interval i) {
    return new MetricValue(i.mean(), i.low(), i.high(), i.n(), i.infinite());
  }

  /** Returns the value as an interval. */
  public Interval interval() {
    return new Interval(mean, low, high, n, infinite);
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static MetricValue read(Map<String, Double> parts) {
    return new MetricValue(
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

  /** Returns the mean, +∞ where all values are infinite, NaN where there is none. */
  public double ranked() {
    return n == 0 && infinite > 0 ? Double.POSITIVE_INFINITY : mean;
  }

  /** Returns whether there is an interval. */
  public boolean hasInterval() {
    return !Double.isNaN(low) && !Double.isNaN(high);
  }
}
