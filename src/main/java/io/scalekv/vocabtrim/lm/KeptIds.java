package io.scalekv.vocabtrim.lm;

import java.util.Arrays;

/**
 * The tokens that a trimmed output head keeps: its row j is the row {@code id(j)} of the full head.
 * {@code id} is what other tools call d2t in its absolute form, {@code row} is t2d as an index.
 */
public final class KeptIds {
  private final int[] ids;
  private final int[] rows;

  private KeptIds(int[] ids, int vocabulary) {
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
  public static KeptIds of(int[] ids, int vocabulary) {
    if (ids.length == 0 || ids.length > vocabulary) {
      throw new IllegalArgumentException(
          "kept ids: 1 to " + vocabulary + " of them expected, got " + ids.length);
    }
    for (int j = 0; j < ids.length; j++) {
      if (ids[j] < 0 || ids[j] >= vocabulary) {
        throw new IllegalArgumentException(
            "kept ids: tokens 0.." + (vocabulary - 1) + " expected, got " + ids[j]);
      }
      if (j > 0 && ids[j] <= ids[j - 1]) {
        throw new IllegalArgumentException(
            "kept ids: ascending tokens expected, got " + ids[j] + " after " + ids[j - 1]);
      }
    }
    return new KeptIds(ids.clone(), vocabulary);
  }

  /** All tokens. */
  public static KeptIds all(int vocabulary) {
    int[] ids = new int[vocabulary];
    Arrays.setAll(ids, j -> j);
    return of(ids, vocabulary);
  }

  /** V, number of tokens of the full head. */
  public int vocabulary() {
    return rows.length;
  }

  /** K, number of kept tokens. */
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

  /** The kept tokens, ascending. */
  public int[] toArray() {
    return ids.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof KeptIds k && rows.length == k.rows.length && Arrays.equals(ids, k.ids);
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
