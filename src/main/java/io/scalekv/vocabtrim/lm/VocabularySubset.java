package io.scalekv.vocabtrim.lm;

import io.scalekv.io.Require;
import java.util.Arrays;

/**
 * Subset of a vocabulary retained by a trimmed output head: its row j is the row {@code id(j)} of
 * the full head. Other tools call {@code id} d2t (absolute form) and store {@code row} as a mask
 * t2d.
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
   * Returns the subset of some tokens.
   *
   * @param ids ascending, at least one
   * @param vocabulary V, number of tokens of the full head
   */
  public static VocabularySubset of(int[] ids, int vocabulary) {
    Require.between("size of a vocabulary subset", ids.length, 1, vocabulary);
    int before = -1;
    for (int id : ids) {
      Require.between("token", id, 0, vocabulary - 1);
      Require.that(id > before, "tokens must ascend, got %d after %d", id, before);
      before = id;
    }
    return new VocabularySubset(ids.clone(), vocabulary);
  }

  /** Returns the subset of all tokens. */
  public static VocabularySubset all(int vocabulary) {
    int[] ids = new int[vocabulary];
    Arrays.setAll(ids, j -> j);
    return of(ids, vocabulary);
  }

  /** Returns V, the number of tokens of the full head. */
  public int vocabulary() {
    return rows.length;
  }

  /** Returns K, the number of retained tokens. */
  public int size() {
    return ids.length;
  }

  /** Returns whether nothing is trimmed. */
  public boolean isAll() {
    return ids.length == rows.length;
  }

  /** Returns the token of a row. */
  public int id(int row) {
    return ids[row];
  }

  /** Returns the row of a token, or −1 if it is not retained. */
  public int row(int id) {
    return rows[id];
  }

  /** Returns whether a token is retained. */
  public boolean contains(int id) {
    return rows[id] >= 0;
  }

  /** Returns the retained tokens, ascending. */
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
