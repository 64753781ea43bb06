package io.scalekv.cache;

import com.fasterxml.jackson.annotation.JsonCreator;
import io.scalekv.io.Require;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.function.IntToLongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Requested size of a cache, before a model is known. Resolves to a mean number of tokens per layer
 * and head, between 1 and T_{K-1}.
 */
public sealed interface Budget {
  /** Forms that {@link #parse} reads, for help texts and messages. */
  String FORMS =
      "10%, 650t, paper-20, paper-10, paper-4, peak-10% (the peak of 10% in every layer) or bytes"
          + " such as 600kB, 3900MiB, 1GiB";

  /**
   * Reads {@code 10%}, {@code 650t}, {@code paper-20}, {@code paper-10}, {@code paper-4}, {@code
   * peak-10%}, or bytes in B, kB, MB, GB, KiB, MiB or GiB; upper and lower case are the same.
   *
   * @throws IllegalArgumentException if the text is none of these
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static Budget parse(String text) {
    Require.that(text != null, "missing budget: give %s", FORMS);
    Matcher m = Form.PATTERN.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (m.matches() && m.group(1) != null) {
      return new Paper(Integer.parseInt(m.group(1)));
    }
    if (m.matches() && m.group(2) != null) {
      return new Peak(new Percent(new BigDecimal(m.group(2))));
    }
    BigDecimal amount = m.matches() ? new BigDecimal(m.group(3)) : BigDecimal.ZERO;
    String unit = m.matches() ? m.group(4) : "";
    switch (unit) {
      case "%":
        return new Percent(amount);
      case "t":
        Require.that(
            amount.scale() == 0 && amount.precision() <= 9,
            "budget must be a whole number of tokens, got %s",
            text);
        return new Tokens(amount.intValueExact());
      default:
        for (Unit u : Unit.values()) {
          if (u.toString().equalsIgnoreCase(unit)) {
            return new Bytes(amount, u);
          }
        }
        throw new IllegalArgumentException("budget must be " + FORMS + ", got '" + text + "'");
    }
  }

  /**
   * Returns the mean tokens per layer and head of a budget that is not in bytes.
   *
   * @throws IllegalStateException for a budget in bytes, which depends on model and policy
   */
  int tokens(ScaleSchedule schedule);

  /** Returns this budget, a peak in its bytes. */
  default Budget inBytes(ScaleSchedule schedule, MemoryModel memory) {
    return this;
  }

  /**
   * Returns the nominal budget b of a policy, in mean tokens per layer and head: the requested
   * number, or for bytes the b at which the policy's peak of stored bytes fits ("at equal bytes").
   *
   * @param memory geometry, number formats, branches and batch
   * @param planAt the policy's plan at a nominal budget of b tokens
   * @throws IllegalArgumentException if no b fits
   */
  default int tokens(ScaleSchedule schedule, MemoryModel memory, IntFunction<BudgetPlan> planAt) {
    return inBytes(schedule, memory).tokens(schedule, b -> memory.peakBytes(planAt.apply(b)));
  }

  /**
   * Returns the nominal budget of a policy.
   *
   * @param peakBytes peak of stored bytes at a nominal budget of b tokens; an
   *     IllegalArgumentException says that b is too small for the policy
   */
  default int tokens(ScaleSchedule schedule, IntToLongFunction peakBytes) {
    return tokens(schedule);
  }

  /** Text form and limits shared by the kinds. */
  final class Form {
    private static final Pattern PATTERN =
        Pattern.compile(
            "paper-([0-9]{1,3})|peak-([0-9]{1,15}(?:\\.[0-9]{1,9})?)%"
                + "|([0-9]{1,15}(?:\\.[0-9]{1,9})?) ?(%|t|b|kb|mb|gb|kib|mib|gib)");

    private Form() {}

    private static int limited(Budget budget, BigInteger tokens, ScaleSchedule schedule) {
      Require.that(
          tokens.signum() > 0,
          "budget %s must hold at least 1 of %d tokens, got 0",
          budget,
          schedule.historyTokens());
      return tokens.min(BigInteger.valueOf(schedule.historyTokens())).intValueExact();
    }
  }

  /**
   * Share of T_{K-1}: round-half-up(percent · T_{K-1} / 100) tokens.
   *
   * @param percent above 0, at most 100
   */
  record Percent(BigDecimal percent) implements Budget {
    /** Checks the range. */
    public Percent {
      Require.that(
          percent.signum() > 0 && percent.compareTo(BigDecimal.valueOf(100)) <= 0,
          "budget in percent must be above 0 and at most 100, got %s",
          percent.toPlainString());
    }

    @Override
    public int tokens(ScaleSchedule schedule) {
      BigDecimal exact =
          percent.multiply(BigDecimal.valueOf(schedule.historyTokens())).movePointLeft(2);
      return Form.limited(this, exact.setScale(0, RoundingMode.HALF_UP).toBigInteger(), schedule);
    }

    @Override
    public String toString() {
      return percent.toPlainString() + "%";
    }
  }

  /**
   * Bytes that a policy with this share of T_{K-1} in every layer and head holds at its peak, in
   * the number formats that are asked for: equal peaks of all policies, whatever the model.
   */
  record Peak(Percent uniform) implements Budget {
    @Override
    public Budget inBytes(ScaleSchedule schedule, MemoryModel memory) {
      BudgetPlan plan =
          BudgetPlan.uniform(schedule, memory.geometry().layers(), uniform.tokens(schedule));
      return new Bytes(BigDecimal.valueOf(memory.peakBytes(plan)), Unit.B);
    }

    @Override
    public int tokens(ScaleSchedule schedule) {
      throw new IllegalStateException("budget " + this + " depends on the policy");
    }

    @Override
    public String toString() {
      return "peak-" + uniform;
    }
  }

  /**
   * Number of tokens; more than exist means all.
   *
   * @param count at least 1
   */
  record Tokens(int count) implements Budget {
    /** Checks the range. */
    public Tokens {
      Require.atLeast("budget in tokens", count, 1);
    }

    @Override
    public int tokens(ScaleSchedule schedule) {
      return Form.limited(this, BigInteger.valueOf(count), schedule);
    }

    @Override
    public String toString() {
      return count + "t";
    }
  }

  /**
   * Column of the paper's table 1: 1300, 650 or 265 tokens where T_{K-1} is 6425, else
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
                "budget must be paper-20, paper-10 or paper-4, got paper-" + percent);
      };
    }

    @Override
    public int tokens(ScaleSchedule schedule) {
      long product = (long) paperTokens(percent) * schedule.historyTokens();
      long rounded = (2 * product + PAPER_HISTORY) / (2L * PAPER_HISTORY);
      return Form.limited(this, BigInteger.valueOf(rounded), schedule);
    }

    @Override
    public String toString() {
      return "paper-" + percent;
    }
  }

  /** Unit of bytes: powers of 1000, or of 1024 with an i. */
  enum Unit {
    /** Byte. */
    B(1),
    /** Kilobyte. */
    KB(1_000),
    /** Megabyte. */
    MB(1_000_000),
    /** Gigabyte. */
    GB(1_000_000_000),
    /** Kibibyte. */
    KIB(1 << 10),
    /** Mebibyte. */
    MIB(1 << 20),
    /** Gibibyte. */
    GIB(1 << 30);

    private final long bytes;

    Unit(long bytes) {
      this.bytes = bytes;
    }

    @Override
    public String toString() {
      return this == KB ? "kB" : name().replace('I', 'i');
    }
  }

  /**
   * Peak of stored bytes: the most that all layers hold together after any layer's write.
   *
   * @param amount above 0
   * @param unit of the amount
   */
  record Bytes(BigDecimal amount, Unit unit) implements Budget {
    /** Checks the range. */
    public Bytes {
      Require.that(
          amount.signum() > 0, "budget in bytes must be above 0, got %s", amount.toPlainString());
    }

    /** Whole bytes, rounded down. */
    public long count() {
      return amount.multiply(BigDecimal.valueOf(unit.bytes)).longValue();
    }

    @Override
    public int tokens(ScaleSchedule schedule) {
      throw new IllegalStateException(
          "budget " + this + " depends on the model's width, number formats, batch and policy");
    }

    /**
     * Searches by bisection, since the peak grows with b but for roundings. The result fits in any
     * case.
     */
    @Override
    public int tokens(ScaleSchedule schedule, IntToLongFunction peakBytes) {
      long most = count();
      int low = 1;
      int high = schedule.historyTokens();
      int best = 0;
      BudgetTooSmallException tooSmall = null;
      while (low <= high) {
        int b = low + (high - low) / 2;
        boolean fits = true;
        try {
          fits = peakBytes.applyAsLong(b) <= most;
          best = fits ? b : best;
        } catch (BudgetTooSmallException e) {
          tooSmall = e;
        }
        if (fits) {
          low = b + 1;
        } else {
          high = b - 1;
        }
      }
      if (best == 0 && tooSmall != null) {
        throw new BudgetTooSmallException(
            "budget " + this + " is too small: " + tooSmall.getMessage());
      }
      return Form.limited(this, BigInteger.valueOf(best), schedule);
    }

    @Override
    public String toString() {
      return amount.toPlainString() + unit;
    }
  }
}
