package io.scalekv.cache;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads budgets and checks what they resolve to. */
final class BudgetParser {
  private static final Pattern NUMBER =
      Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?) ?(%|t|mib)");
  private static final Pattern PAPER = Pattern.compile("paper-([0-9]{1,3})");

  private BudgetParser() {}

  static Budget parse(String text) {
    if (text == null) {
      throw new IllegalArgumentException(
          "budget: 10%, 650t, paper-10 or 3900MiB expected, got none");
    }
    String word = text.strip().toLowerCase(Locale.ROOT);
    Matcher paper = PAPER.matcher(word);
    if (paper.matches()) {
      return new Budget.Paper(Integer.parseInt(paper.group(1)));
    }
    Matcher number = NUMBER.matcher(word);
    if (number.matches()) {
      BigDecimal amount = new BigDecimal(number.group(1));
      switch (number.group(2)) {
        case "%":
          return new Budget.Percent(amount);
        case "mib":
          return new Budget.Mebibytes(amount);
        default:
          if (amount.scale() == 0) {
            return new Budget.Tokens(amount.intValueExact());
          }
      }
    }
    throw new IllegalArgumentException(
        "budget: 10%, 650t, paper-10 or 3900MiB expected, got '" + text + "'");
  }

  static int held(Budget budget, BigInteger tokens, ScaleSchedule schedule) {
    int history = schedule.historyTokens();
    if (tokens.signum() == 0) {
      throw new IllegalArgumentException(
          "budget " + budget + ": at least 1 of " + history + " tokens expected, got 0");
    }
    return tokens.min(BigInteger.valueOf(history)).intValueExact();
  }
}
