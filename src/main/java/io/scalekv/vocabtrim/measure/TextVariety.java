package io.scalekv.vocabtrim.measure;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Variety of generated text. A small target that always takes its most likely token falls into
 * loops of a few tokens, where any trimming looks free.
 *
 * @param repeated share of 4-grams that occur earlier in the same text
 */
public record TextVariety(long tokens, int distinct, double repeated) {
  private static final int GRAM = 4;
  private static final double MOST_REPEATED = 0.3;

  /** Least ratio of distinct tokens to √n: ordinary text has of the order of √n. */
  private static final double LEAST_PER_ROOT = 2;

  /** Returns the variety of texts, responses only. */
  public static TextVariety of(List<int[]> texts) {
    Set<Integer> seen = new HashSet<>();
    long tokens = 0;
    long grams = 0;
    long repeats = 0;
    for (int[] text : texts) {
      Set<List<Integer>> before = new HashSet<>();
      tokens += text.length;
      for (int i = 0; i < text.length; i++) {
        seen.add(text[i]);
        if (i + GRAM <= text.length) {
          grams++;
          if (!before.add(List.of(text[i], text[i + 1], text[i + 2], text[i + 3]))) {
            repeats++;
          }
        }
      }
    }
    return new TextVariety(tokens, seen.size(), grams == 0 ? 0 : (double) repeats / grams);
  }

  /** Returns whether more than 30 % repeats, or fewer than 2·√n distinct tokens occur in n. */
  public boolean collapsed() {
    return repeated > MOST_REPEATED || distinct < LEAST_PER_ROOT * Math.sqrt(tokens);
  }

  /** Returns one line for people. */
  public String line() {
    String numbers =
        String.format(
            Locale.ROOT,
            "%d distinct tokens in %d, %.0f %% of 4-grams repeated",
            distinct,
            tokens,
            100 * repeated);
    return collapsed()
        ? "COLLAPSED text (" + numbers + "): trimming looks free here; ignore its numbers"
        : "varied text (" + numbers + ")";
  }
}
