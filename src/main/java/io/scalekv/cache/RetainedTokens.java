package io.scalekv.cache;

import io.scalekv.io.Require;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Tokens that a group of heads retains: sorted indices into prefix and current map together, for
 * every head, the same for all batch rows or row by row.
 *
 * <p>Letters: R batch rows, G heads of the group.
 */
public final class RetainedTokens {
  private final int rows;
  private final int heads;
  private final int[][] index;

  private RetainedTokens(int rows, int heads, int[][] index) {
    this.rows = rows;
    this.heads = heads;
    this.index = index;
  }

  /**
   * Returns the same tokens for every row.
   *
   * @param index [G][retained], sorted, each once
   */
  public static RetainedTokens alike(int[][] index) {
    return new RetainedTokens(1, index.length, index);
  }

  /**
   * Returns tokens for every row and head; the rows of a head retain the same number.
   *
   * @param heads G
   * @param index [R·G][retained] row by row, sorted, each once
   */
  public static RetainedTokens each(int heads, int[][] index) {
    Require.that(
        heads >= 1 && index.length % heads == 0,
        "lists of retained tokens must be a multiple of %d, got %d",
        heads,
        index.length);
    return new RetainedTokens(index.length / heads, heads, index);
  }

  /** Returns all of {@code tokens} tokens in every head. */
  public static RetainedTokens all(int heads, int tokens) {
    int[] all = IntStream.range(0, tokens).toArray();
    return alike(Stream.generate(() -> all).limit(heads).toArray(int[][]::new));
  }

  /** Joins several groups of heads to one, in order. */
  static RetainedTokens join(List<RetainedTokens> groups) {
    if (groups.size() == 1) {
      return groups.get(0);
    }
    int rows = groups.stream().mapToInt(k -> k.rows).max().orElseThrow();
    List<int[]> index = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      for (RetainedTokens k : groups) {
        for (int h = 0; h < k.heads; h++) {
          index.add(k.of(r, h));
        }
      }
    }
    return new RetainedTokens(
        rows, groups.stream().mapToInt(k -> k.heads).sum(), index.toArray(int[][]::new));
  }

  /** Returns the number of heads G. */
  public int heads() {
    return heads;
  }

  /** Returns whether all rows retain the same tokens. */
  public boolean isAlike() {
    return rows == 1;
  }

  /** Returns the number of tokens that a head retains. */
  public int tokens(int head) {
    return index[head].length;
  }

  /** Sorted indices of one row and head; read-only. */
  public int[] of(int row, int head) {
    return rows == 1 ? index[head] : index[row * heads + head];
  }

  /**
   * Checks every list.
   *
   * @param stored stored tokens of each head [G]
   * @param budget tokens that each head may retain [G]
   */
  void check(String where, int expectedRows, int[] stored, int[] budget) {
    Require.that(
        rows == 1 || rows == expectedRows,
        "%s: retained tokens must have %d rows, got %d",
        where,
        expectedRows,
        rows);
    for (int i = 0; i < index.length; i++) {
      int h = i % heads;
      int[] list = index[i];
      Require.that(
          list.length <= budget[h] && list.length == index[h].length,
          "%s, head %d: retained tokens must be at most %d, the same number in every row, got %d",
          where,
          h,
          budget[h],
          list.length);
      if (!ascending(list, stored[h])) {
        throw new IllegalArgumentException(
            "%s, head %d: indices must ascend below %d, got %s"
                .formatted(where, h, stored[h], Arrays.toString(list)));
      }
    }
  }

  private static boolean ascending(int[] list, int limit) {
    int last = -1;
    for (int index : list) {
      if (index <= last || index >= limit) {
        return false;
      }
      last = index;
    }
    return true;
  }
}
