package io.scalekv.vocabtrim.lm;

import java.util.List;

/**
 * Causal language model with its weights in memory. It takes tokens of the whole vocabulary V; its
 * output head may be trimmed to K of them, and column j of a row of logits then belongs to the
 * token {@code head().id(j)}. No native array leaves it. Not thread-safe.
 */
public interface LanguageModel extends DraftingModel {
  /** Listener of the rows of {@link #logits}. */
  @FunctionalInterface
  interface Rows {
    /**
     * Takes one row.
     *
     * @param sequence its sequence, from 0
     * @param position of the last token that the row depends on, from 0
     * @param logits [K]; overwritten by the next row
     */
    void row(int sequence, int position, float[] logits);
  }

  /**
   * Computes teacher-forced logits of sequences of any lengths, several sequences at a time, rows
   * in blocks.
   *
   * @param rows takes every row, sequences and positions ascending
   */
  void logits(List<int[]> sequences, Rows rows);

  /** Begins an empty sequence with a cache of keys and values. */
  Session session();

  @Override
  default Session session(Session target) {
    return session();
  }

  @Override
  LanguageModel withHead(VocabularySubset retained);

  @Override
  void close();

  /** Sequence with the cached keys and values of its tokens. */
  interface Session extends AutoCloseable {
    /** Returns the number of cached tokens. */
    int length();

    /**
     * Appends tokens.
     *
     * @param tokens n of them, at least one
     * @return logits after each of them, [n,K], row after row
     */
    float[] feed(int[] tokens);

    /** Appends tokens and returns the logits after the last one only, [K]. */
    float[] feedLast(int[] tokens);

    /**
     * Removes all tokens but the first ones; a session that drafted from predicted states may
     * remove more.
     *
     * @param length number of tokens to keep, at most {@link #length()}
     */
    void rollback(int length);

    @Override
    void close();
  }
}
