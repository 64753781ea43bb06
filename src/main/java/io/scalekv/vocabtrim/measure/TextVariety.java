package io.scalekv.vocabtrim.measure;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Whether generated text is varied enough to say anything about a vocabulary. A small target that
 * always takes its most likely token falls into loops of a few tokens, and then any trimming looks
 * free.
 *
 * @param tokens in all texts
 * @param distinct different tokens
 * @param repeated share of the runs of four tokens that occur earlier in the same text
 */
public record TextVariety(long tokens, int distinct, double repeated) {
  private static final int RUN = 4;
  private static final double MOST_REPEATED = 0.3;

  /** Fewest different tokens expected: those of n tokens of ordinary text are of the order √n. */
  private static final double LEAST_OF_ROOT = 2;

  /** Looks at some texts, responses only. */
  public static TextVariety of(List<int[]> texts) {
    Set<Integer> seen = new HashSet<>();
    long tokens = 0;
    long runs = 0;
    long again = 0;
    for (int[] text : texts) {
      Set<List<Integer>> before = new HashSet<>();
      tokens += text.length;
      for (int i = 0; i < text.length; i++) {
        seen.add(text[i]);
        if (i + RUN <= text.length) {
          runs++;
          if (!before.add(List.of(text[i], text[i + 1], text[i + 2], text[i + 3]))) {
            again++;
          }
        }
      }
    }
    return new TextVariety(tokens, seen.size(), runs == 0 ? 0 : (double) again / runs);
  }

  /** Whether more than 30 % repeats, or fewer than 2·√n different tokens occur in n. */
  public boolean collapsed() {
    return repeated > MOST_REPEATED || distinct < LEAST_OF_ROOT * Math.sqrt(tokens);
  }

  /** One line for people. */
  public String line() {
    String numbers =
        String.format(
            Locale.ROOT,
            "%d different tokens in %d, %.0f %% of the runs of four repeated",
            distinct,
            tokens,
            100 * repeated);
    return collapsed()
        ? "COLLAPSED text (" + numbers + "): trimming looks free here; its numbers mean nothing"
        : "varied text (" + numbers + ")";
  }
}
