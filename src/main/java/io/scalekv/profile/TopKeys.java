package io.scalekv.profile;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** How many history keys K' the top-K' sum takes: a share of the history or a fixed number. */
public sealed interface TopKeys {
  /**
   * K' for a history of the given length: at least 1, at most all of it.
   *
   * @param historyTokens T_k, at least 1
   */
  int of(int historyTokens);

  /** K' = ⌈fraction · T_k⌉, computed in decimal so that 5 % of 140 is 7. */
  static TopKeys fraction(double fraction) {
    return new Fraction(fraction);
  }

  /** K' = min(count, T_k). */
  static TopKeys count(int count) {
    return new Count(count);
  }

  /** Reads {@code 5%} as a share or {@code 14} as a number of keys. */
  static TopKeys parse(String text) {
    String s = text.strip();
    try {
      return s.endsWith("%")
          ? fraction(
              new BigDecimal(s.substring(0, s.length() - 1).strip()).movePointLeft(2).doubleValue())
          : count(Integer.parseInt(s));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "top keys: a number of keys or a share such as 5% expected, got \"" + text + "\"", e);
    }
  }

  /**
   * A share of the history.
   *
   * @param fraction in (0, 1]
   */
  record Fraction(double fraction) implements TopKeys {
    /** Checks the range. */
    public Fraction {
      if (!(fraction > 0 && fraction <= 1)) {
        throw new IllegalArgumentException(
            "top keys: a fraction above 0 and at most 1 expected, got " + fraction);
      }
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
   * A fixed number of keys.
   *
   * @param count at least 1
   */
  record Count(int count) implements TopKeys {
    /** Checks the range. */
    public Count {
      if (count < 1) {
        throw new IllegalArgumentException("top keys: at least 1 key expected, got " + count);
      }
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
