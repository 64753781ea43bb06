package io.scalekv.cache;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/**
 * How much cache is asked for, before a model is known. Resolves to a mean number of tokens per
 * layer and head, between 1 and T_{K-1}.
 */
public sealed interface Budget {
  /**
   * Reads {@code 10%}, {@code 650t}, {@code paper-20}, {@code paper-10}, {@code paper-4} or {@code
   * 3900MiB}.
   */
  static Budget parse(String text) {
    return BudgetParser.parse(text);
  }

  /**
   * Mean tokens per layer and head.
   *
   * @param memory geometry, dtypes, guidance and batch, which a budget in MiB is divided by
   */
  int tokens(ScaleSchedule schedule, MemoryModel memory);

  /** Mean tokens per layer and head, for every kind of budget but MiB. */
  default int tokens(ScaleSchedule schedule) {
    if (this instanceof Mebibytes) {
      throw new IllegalArgumentException(
          "budget " + this + ": the model's width, dtypes and batch expected, got none");
    }
    return tokens(schedule, null);
  }

  /**
   * A share of T_{K-1}: round-half-up(percent · T_{K-1} / 100) tokens.
   *
   * @param percent above 0, at most 100
   */
  record Percent(BigDecimal percent) implements Budget {
    /** Checks the range. */
    public Percent {
      if (percent.signum() <= 0 || percent.compareTo(BigDecimal.valueOf(100)) > 0) {
        throw new IllegalArgumentException(
            "budget: percent above 0 and at most 100 expected, got " + percent.toPlainString());
      }
    }

    @Override
    public int tokens(ScaleSchedule schedule, MemoryModel memory) {
      BigDecimal exact =
          percent.multiply(BigDecimal.valueOf(schedule.historyTokens())).movePointLeft(2);
      return BudgetParser.held(
          this, exact.setScale(0, RoundingMode.HALF_UP).toBigInteger(), schedule);
    }

    @Override
    public String toString() {
      return percent.toPlainString() + "%";
    }
  }

  /**
   * Tokens as they are; more than exist means all.
   *
   * @param count at least 1
   */
  record Tokens(int count) implements Budget {
    /** Checks the range. */
    public Tokens {
      if (count < 1) {
        throw new IllegalArgumentException("budget: at least 1 token expected, got " + count);
      }
    }

    @Override
    public int tokens(ScaleSchedule schedule, MemoryModel memory) {
      return BudgetParser.held(this, BigInteger.valueOf(count), schedule);
    }

    @Override
    public String toString() {
      return count + "t";
    }
  }

  /**
   * A column of the paper's table 1: 1300, 650 or 265 tokens where T_{K-1} is 6425, else
   * round-half-up(that · T_{K-1} / 6425).
   *
   * @param percent the paper's name of the column: 20, 10 or 4
   */
  record Paper(int percent) implements Budget {
    private static final int PAPER_HISTORY = 6425;

    /** Checks the name. */
    public Paper {
      paperTokens(percent);
    }

    private static int paperTokens(int percent) {
      return switch (percent) {
        case 20 -> 1300;
        case 10 -> 650;
        case 4 -> 265;
        default ->
            throw new IllegalArgumentException(
                "budget: paper-20, paper-10 or paper-4 expected, got paper-" + percent);
      };
    }

    @Override
    public int tokens(ScaleSchedule schedule, MemoryModel memory) {
      long product = (long) paperTokens(percent) * schedule.historyTokens();
      long rounded = (2 * product + PAPER_HISTORY) / (2L * PAPER_HISTORY);
      return BudgetParser.held(this, BigInteger.valueOf(rounded), schedule);
    }

    @Override
    public String toString() {
      return "paper-" + percent;
    }
  }

  /**
   * Memory of the whole cache: the most tokens that fit.
   *
   * @param mebibytes above 0, in units of 2^20 bytes
   */
  record Mebibytes(BigDecimal mebibytes) implements Budget {
    /** Checks the range. */
    public Mebibytes {
      if (mebibytes.signum() <= 0) {
        throw new IllegalArgumentException(
            "budget: more than 0 MiB expected, got " + mebibytes.toPlainString());
      }
    }

    @Override
    public int tokens(ScaleSchedule schedule, MemoryModel memory) {
      if (memory == null) {
        return tokens(schedule);
      }
      BigInteger bytes = mebibytes.multiply(BigDecimal.valueOf(1L << 20)).toBigInteger();
      return BudgetParser.held(this, memory.mostTokens(bytes, schedule.scales() - 1), schedule);
    }

    @Override
    public String toString() {
      return mebibytes.toPlainString() + "MiB";
    }
  }
}
