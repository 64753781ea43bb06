package io.scalekv.metrics;

/**
 * Mean of the finite values of a sample, with the count of infinite ones that it leaves out:
 * identical images have a PSNR of +∞.
 *
 * @param mean mean of the finite values; NaN if there are none
 * @param finite how many they are
 * @param infinite how many values are +∞
 */
public record FiniteMean(double mean, int finite, int infinite) {
  /**
   * Returns the mean of the values below +∞.
   *
   * @throws IllegalArgumentException for NaN or −∞, which no metric gives
   */
  public static FiniteMean of(double... values) {
    double sum = 0;
    int finite = 0;
    for (int i = 0; i < values.length; i++) {
      double v = values[i];
      if (Double.isNaN(v) || v == Double.NEGATIVE_INFINITY) {
        throw new IllegalArgumentException(
            "mean: value " + i + " must be a number or +Infinity, got " + v);
      }
      if (v < Double.POSITIVE_INFINITY) {
        sum += v;
        finite++;
      }
    }
    return new FiniteMean(finite == 0 ? Double.NaN : sum / finite, finite, values.length - finite);
  }
}
