package io.scalekv.vocabtrim.lm;

/**
 * Draft model of speculative decoding: an independent language model, or one that reads the hidden
 * states of the target.
 */
public interface DraftingModel extends AutoCloseable {
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

  /**
   * Begins an empty sequence.
   *
   * @param target session of the target with the same tokens; it may be ahead or behind
   */
  LanguageModel.Session session(LanguageModel.Session target);

  /**
   * Returns the same model with fewer rows of its output head, over the same weights; its input
   * embedding stays whole. This model must be closed after the returned one.
   *
   * @param retained tokens of the new head, all of them in this one's
   */
  DraftingModel withHead(VocabularySubset retained);

  @Override
  void close();
}
