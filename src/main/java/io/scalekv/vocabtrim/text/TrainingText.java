package io.scalekv.vocabtrim.text;

import java.util.List;

/** Where a language model's training gets its text from. */
public interface TrainingText {
  /** What it is, for provenance. */
  String description();

  /** Texts to train a tokenizer on. */
  Iterable<String> tokenizerTexts();

  /**
   * Rows of tokens for one update: a function of seed and step alone, so that a resumed training
   * sees what an uninterrupted one would have seen. Every document begins with {@link
   * SpecialTokens#BEGIN} and ends with {@link SpecialTokens#END}.
   *
   * @param seed of the training
   * @param step number of the update, from 1
   * @param rows B
   * @param length L, tokens of a row
   * @return [B][L]
   */
  int[][] rows(TextTokenizer tokenizer, long seed, int step, int rows, int length);

  /**
   * Rows of text that {@link #rows} never gives.
   *
   * @param rows most of them
   */
  List<int[]> heldOut(TextTokenizer tokenizer, int rows, int length);
}
