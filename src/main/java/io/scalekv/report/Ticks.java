package io.scalekv.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Ticks of an axis: 1, 2 or 5 times a power of ten. */
final class Ticks {
  private static final double ROUNDING = 1e-9;
  private static final int LEAST = 3;

  private Ticks() {}

  /** Returns 1, 2 or 5 times a power of ten, of which at most {@code most} fit into the range. */
  static double step(double range, int most) {
    double power = Math.pow(10, Math.floor(Math.log10(range / most)));
    double share = range / most / power;
    return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
  }

  /** Returns about {@code most} ticks between two values. */
  static double[] linear(double from, double to, int most) {
    double step = step(to > from ? to - from : Math.max(ROUNDING, Math.abs(to)), most);
    long first = (long) Math.ceil(from / step - ROUNDING);
    long last = (long) Math.floor(to / step + ROUNDING);
    return LongStream.rangeClosed(first, last).mapToDouble(i -> i * step).toArray();
  }

  /**
   * Returns 1, 2 and 5 times every power of ten between two positive values; equal steps where
   * these are few.
   */
  static double[] logarithmic(double from, double to) {
    int first = (int) Math.floor(Math.log10(from));
    int last = (int) Math.ceil(Math.log10(to));
    double[] ticks =
        IntStream.rangeClosed(first, last)
            .boxed()
            .flatMapToDouble(e -> DoubleStream.of(1, 2, 5).map(m -> m * Math.pow(10, e)))
            .filter(v -> v >= from * (1 - ROUNDING) && v <= to * (1 + ROUNDING))
            .toArray();
    return ticks.length < LEAST ? linear(from, to, LEAST + 1) : ticks;
  }

  /** Returns a value with at most four significant digits and a true minus sign. */
  static String text(double value) {
    return Math.abs(value) < 1e-12
        ? "0"
        : new BigDecimal(value)
            .round(new MathContext(4))
            .stripTrailingZeros()
            .toPlainString()
            .replace('-', '−');
  }
}
