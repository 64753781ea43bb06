package io.scalekv.metrics;

import io.scalekv.io.Require;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Holm's step-down correction of m p-values for multiple tests: with p_(1) ≤ … ≤ p_(m), the i-th
 * becomes max_{j≤i} min(1, (m − j + 1) p_(j)). Rejecting all values below α keeps the chance of any
 * false rejection below α, whatever the tests' dependence.
 *
 * <p>Holm, A simple sequentially rejective multiple test procedure (1979).
 */
public final class Holm {
  private Holm() {}

  /**
   * Returns the corrected values in the order of the input; none for none.
   *
   * @throws IllegalArgumentException for a value that is not in 0..1
   */
  public static double[] adjust(double... p) {
    for (int i = 0; i < p.length; i++) {
      Require.that(
          p[i] >= 0 && p[i] <= 1, "holm: p-value %s must be between 0 and 1, got %s", i, p[i]);
    }
    int[] order =
        IntStream.range(0, p.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> p[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] adjusted = new double[p.length];
    double running = 0;
    for (int i = 0; i < order.length; i++) {
      running = Math.max(running, Math.min(1, (p.length - i) * p[order[i]]));
      adjusted[order[i]] = running;
    }
    return adjusted;
  }
}
