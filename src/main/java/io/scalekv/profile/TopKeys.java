package io.scalekv.profile;

import io.scalekv.io.Numbers;
import io.scalekv.io.Require;
import java.math.BigDecimal;
import java.math.RoundingMode;

/** Number K' of prefix keys in the top-K' sum: a share of the prefix or a fixed number. */
public sealed interface TopKeys {
  /**
   * Returns K' for a prefix of the given length: at least 1, at most all of it.
   *
   * @param historyTokens T_k, at least 1
   */
  int of(int historyTokens);

  /** Reads {@code 5%} as a share or {@code 14} as a number of keys. */
  static TopKeys parse(String text) {
    String s = text.strip();
    try {
      return s.endsWith("%")
          ? new Fraction(decimal(s.substring(0, s.length() - 1).strip()))
          : new Count(Numbers.integer(s));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "K' must be a number of keys or a share such as 5%, got " + text, e);
    }
  }

  private static double decimal(String percent) {
    Numbers.real(percent);
    return new BigDecimal(percent).movePointLeft(2).doubleValue();
  }

  /**
   * Share of the prefix: K' = ⌈fraction · T_k⌉, computed in decimal so that 5 % of 140 is 7.
   *
   * @param fraction in (0, 1]
   */
  record Fraction(double fraction) implements TopKeys {
    /** Checks the range. */
    public Fraction {
      Require.that(
          fraction > 0 && fraction <= 1,
          "K' must be above 0 and at most 100 %% of the prefix, got %s",
          fraction);
    }

    @Override
    public int of(int historyTokens) {
      return BigDecimal.valueOf(fraction)
          .multiply(BigDecimal.valueOf(historyTokens))
          .setScale(0, RoundingMode.CEILING)
          .intValueExact();
    }

    @Override
    public String toString() {
      return BigDecimal.valueOf(fraction).movePointRight(2).stripTrailingZeros().toPlainString()
          + "%";
    }
  }

  /**
   * Fixed number of keys: K' = min(count, T_k).
   *
   * @param count at least 1
   */
  record Count(int count) implements TopKeys {
    /** Checks the range. */
    public Count {
      Require.atLeast("K'", count, 1);
    }

    @Override
    public int of(int historyTokens) {
      return Math.min(count, historyTokens);
    }

    @Override
    public String toString() {
      return Integer.toString(count);
    }
  }
}
