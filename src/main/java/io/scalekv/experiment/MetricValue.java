package io.scalekv.experiment;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.scalekv.metrics.Interval;

/**
 * Value of a metric over the images of a run.
 *
 * @param mean of the finite values, or the distance of the two sets; null if there is none
 * @param low lower end of the 95 % bootstrap interval over prompts; null where there is none
 * @param high upper end, likewise
 * @param n finite values
 * @param infinite values left out of the mean: identical images; absent in files where 0
 */
public record MetricValue(
    Double mean,
    Double low,
    Double high,
    int n,
    @JsonInclude(JsonInclude.Include.NON_DEFAULT) int infinite) {
  /** An interval as it is kept in files. */
  public static MetricValue of(Interval i) {
    return new MetricValue(
        number(i.mean()), number(i.low()), number(i.high()), i.n(), i.infinite());
  }

  private static Double number(double x) {
    return Double.isNaN(x) ? null : x;
  }

  /** The mean, +∞ where all values are infinite, NaN where there is none. */
  public double ranked() {
    return mean != null ? mean : infinite > 0 ? Double.POSITIVE_INFINITY : Double.NaN;
  }
}
