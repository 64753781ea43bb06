package io.scalekv.io;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Nearest known word by edit distance, for messages about a word that is not known. */
public final class NearWord {
  private static final int MOST_EDITS = 3;

  private NearWord() {}

  /** Returns the known word with the fewest changed letters, if at most three differ. */
  public static Optional<String> of(String word, Collection<String> known) {
    return known.stream()
        .filter(k -> distance(word, k) <= Math.min(MOST_EDITS, Math.max(1, k.length() / 2)))
        .min(Comparator.comparingInt(k -> distance(word, k)));
  }

  /** Returns the Levenshtein distance, letters compared without case. */
  public static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        boolean same =
            Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
        int change = diagonal + (same ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
