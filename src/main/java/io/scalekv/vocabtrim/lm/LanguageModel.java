package io.scalekv.vocabtrim.lm;

import java.util.List;

/**
 * A causal language model with its weights in memory. It takes tokens of the whole vocabulary V;
 * its output head may be trimmed to K of them, and column j of a row of logits then belongs to the
 * token {@code head().id(j)}. No native array gets out. Not for several threads at once.
 */
public interface LanguageModel extends AutoCloseable {
  /** V, number of tokens that the model takes. */
  int vocabulary();

  /** The tokens of the columns of the logits; all V unless the head is trimmed. */
  VocabularySubset head();

  /** Most tokens of a sequence. */
  int maxPositions();

  /** Scalars of everything but the input embedding and the output head. */
  long bodyParameters();

  /** Scalars of one row of the output head: C, and one more if it has a bias. */
  int headWidth();

  /** Scalars of the output head as it is: K·{@link #headWidth()}. */
  default long headParameters() {
    return (long) head().size() * headWidth();
  }

  /** Scalars of the input embedding, V·C; in memory those of the full head if the two are tied. */
  long embeddingParameters();

  /** Whether input embedding and full output head are the same scalars. */
  boolean tied();

  /**
   * Teacher-forced logits: row i is what the model expects after the tokens 0 to i.
   *
   * @param tokens L of them
   * @return [L,K], row after row
   */
  float[] logits(int[] tokens);

  /** Hears the rows of {@link #logits(List, Rows)}. */
  @FunctionalInterface
  interface Rows {
    /**
     * One row.
     *
     * @param sequence its sequence, from 0
     * @param position of the token after which it is expected, from 0
     * @param logits [K]; filled anew for the next row
     */
    void row(int sequence, int position, float[] logits);
  }

  /**
   * The same for many sequences, without holding all rows at once: sequences go through the model
   * several at a time, rows through the head in blocks.
   *
   * @param sequences their lengths may differ
   * @param rows told every row, sequences and positions ascending
   */
  void logits(List<int[]> sequences, Rows rows);

  /** Begins an empty sequence whose keys and values are kept. */
  Session session();

  /**
   * The same model with an output head of fewer rows, over the same weights; its input embedding
   * stays whole. Closing either leaves the other's weights alone; this model is to be closed last.
   *
   * @param kept the tokens of the new head, all of them in this one's
   */
  LanguageModel withHead(VocabularySubset kept);

  @Override
  void close();

  /** One sequence and the keys and values of its tokens. */
  interface Session extends AutoCloseable {
    /** Tokens held. */
    int length();

    /**
     * Appends tokens.
     *
     * @param tokens n of them, at least one
     * @return logits after each of them, [n,K], row after row
     */
    float[] feed(int[] tokens);

    /**
     * Appends tokens, as {@link #feed} does, and gives the logits after the last one only, [K]; for
     * prompts.
     */
    float[] feedLast(int[] tokens);

    /**
     * Forgets all tokens but the first ones.
     *
     * @param length of them, at most {@link #length()}
     */
    void rollback(int length);

    @Override
    void close();
  }
}
