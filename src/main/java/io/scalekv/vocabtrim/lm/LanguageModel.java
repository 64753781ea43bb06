package io.scalekv.vocabtrim.lm;

/**
 * Causal language model with its weights in memory, or a draft model that reads the hidden states
 * of its target. It takes tokens of the whole vocabulary V; its output head may be trimmed to K of
 * them, and column j of a row of logits then belongs to the token {@code head().id(j)}. No native
 * array leaves it. Not thread-safe.
 */
public interface LanguageModel extends AutoCloseable {
  /** Listener of rows of logits. */
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

  /** Returns V, the number of tokens that the model takes. */
  int vocabulary();

  /** Returns the tokens of the columns of the logits; all V unless the head is trimmed. */
  VocabularySubset head();

  /** Returns the most tokens of a sequence. */
  int maxPositions();

  /** Returns C, the parameters of a row of the output head. */
  int width();

  /** Returns the parameters that a drafted token reads beside the output head. */
  long bodyParameters();

  /** Begins an empty sequence of a model that stands alone, with a cache of keys and values. */
  default Session session() {
    return session(null);
  }

  /**
   * Begins an empty sequence of a draft model.
   *
   * @param target session of the target with the same tokens, which may be ahead or behind; null
   *     for a model that stands alone
   */
  Session session(Session target);

  /**
   * Returns the same model with fewer rows of its output head, over the same weights; its input
   * embedding stays whole. This model must be closed after the returned one.
   *
   * @param retained tokens of the new head, all of them in this one's
   */
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
