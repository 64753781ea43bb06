package io.scalekv.cache;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Which of the tokens that a group of heads holds stay in the cache: sorted indices into history
 * and current map together, for every head, alike for all batch rows or one by one.
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
   * The same choice for every row.
   *
   * @param index [G][kept], sorted, each once
   */
  public static RetainedTokens alike(int[][] index) {
    return new RetainedTokens(1, index.length, index);
  }

  /**
   * A choice for every row and head; the rows of a head keep equally many.
   *
   * @param heads G
   * @param index [R·G][kept] row by row, sorted, each once
   */
  public static RetainedTokens each(int heads, int[][] index) {
    if (heads < 1 || index.length % heads != 0) {
      throw new IllegalArgumentException(
          "kept tokens: a multiple of " + heads + " lists expected, got " + index.length);
    }
    return new RetainedTokens(index.length / heads, heads, index);
  }

  /** All of {@code tokens} tokens in every head. */
  public static RetainedTokens all(int heads, int tokens) {
    int[] all = IntStream.range(0, tokens).toArray();
    return alike(Stream.generate(() -> all).limit(heads).toArray(int[][]::new));
  }

  /** The choices of several groups of heads as those of one group, in order. */
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

  /** Number of heads G. */
  public int heads() {
    return heads;
  }

  /** Whether all rows keep the same tokens. */
  public boolean isAlike() {
    return rows == 1;
  }

  /** Tokens that a head keeps. */
  public int tokens(int head) {
    return index[head].length;
  }

  /** Sorted indices of one row and head; not to be changed. */
  public int[] of(int row, int head) {
    return rows == 1 ? index[head] : index[row * heads + head];
  }

  /**
   * Checks every list.
   *
   * @param held tokens that each head holds [G]
   * @param budget tokens that each head may keep [G]
   */
  void check(String where, int expectedRows, int[] held, int[] budget) {
    if (rows != 1 && rows != expectedRows) {
      throw new IllegalArgumentException(
          where + ": kept tokens of " + expectedRows + " rows expected, got " + rows);
    }
    for (int i = 0; i < index.length; i++) {
      int h = i % heads;
      int[] list = index[i];
      if (list.length > budget[h] || list.length != index[h].length) {
        throw new IllegalArgumentException(
            String.format(
                "%s, head %d: at most %d kept tokens expected, equally many in every row, got %d",
                where, h, budget[h], list.length));
      }
      for (int j = 0; j < list.length; j++) {
        if (list[j] < 0 || list[j] >= held[h] || (j > 0 && list[j] <= list[j - 1])) {
          throw new IllegalArgumentException(
              String.format(
                  "%s, head %d: ascending indices below %d expected, got %s",
                  where, h, held[h], Arrays.toString(list)));
        }
      }
    }
  }
}
