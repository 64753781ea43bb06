package io.scalekv.vocabtrim.lm;

import io.scalekv.io.Require;
import java.util.Arrays;

/**
 * The tokens that a trimmed output head keeps: its row j is the row {@code id(j)} of the full head.
 * {@code id} is what other tools call d2t in its absolute form, {@code row} is t2d as an index.
 */
public final class VocabularySubset {
  private final int[] ids;
  private final int[] rows;

  private VocabularySubset(int[] ids, int vocabulary) {
    this.ids = ids;
    this.rows = new int[vocabulary];
    Arrays.fill(rows, -1);
    for (int j = 0; j < ids.length; j++) {
      rows[ids[j]] = j;
    }
  }

  /**
   * Some tokens of a vocabulary.
   *
   * @param ids ascending, at least one
   * @param vocabulary V, number of tokens of the full head
   */
  public static VocabularySubset of(int[] ids, int vocabulary) {
    Require.that(
        ids.length != 0 && ids.length <= vocabulary,
        "size of a vocabulary subset must be between 1 and %s, got %s",
        vocabulary,
        ids.length);
    for (int j = 0; j < ids.length; j++) {
      Require.that(
          ids[j] >= 0 && ids[j] < vocabulary,
          "token of a vocabulary subset must be in 0..%s, got %s",
          (vocabulary - 1),
          ids[j]);
      if (j > 0) {
        Require.that(
            ids[j] > ids[j - 1],
            "tokens of a vocabulary subset must ascend, got %s after %s",
            ids[j],
            ids[j - 1]);
      }
    }
    return new VocabularySubset(ids.clone(), vocabulary);
  }

  /** All tokens. */
  public static VocabularySubset all(int vocabulary) {
    int[] ids = new int[vocabulary];
    Arrays.setAll(ids, j -> j);
    return of(ids, vocabulary);
  }

  /** V, number of tokens of the full head. */
  public int vocabulary() {
    return rows.length;
  }

  /** K, number of retained tokens. */
  public int size() {
    return ids.length;
  }

  /** Whether nothing is trimmed. */
  public boolean isAll() {
    return ids.length == rows.length;
  }

  /** The token of row j. */
  public int id(int row) {
    return ids[row];
  }

  /** The row of a token, or −1 if it is not kept. */
  public int row(int id) {
    return rows[id];
  }

  /** Whether a token is kept. */
  public boolean contains(int id) {
    return rows[id] >= 0;
  }

  /** The retained tokens, ascending. */
  public int[] toArray() {
    return ids.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof VocabularySubset k
        && rows.length == k.rows.length
        && Arrays.equals(ids, k.ids);
  }

  @Override
  public int hashCode() {
    return 31 * rows.length + Arrays.hashCode(ids);
  }

  @Override
  public String toString() {
    return ids.length + " of " + rows.length + " tokens";
  }
}
