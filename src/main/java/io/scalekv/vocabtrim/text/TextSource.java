package io.scalekv.vocabtrim.text;

import java.util.List;

/** Source of text: rows to train on, and documents for measurements that no training sees. */
public sealed interface TextSource extends Documents permits FolderText, SyntheticLanguage {
  /** Returns the texts to train a tokenizer on. */
  Iterable<String> tokenizerTexts();

  /**
   * Returns the rows of tokens of one update: a function of seed and step alone, so a resumed
   * training sees the rows of an uninterrupted one. Every document begins with {@link
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
   * Returns rows of text that {@link #rows} never returns.
   *
   * @param rows most of them
   */
  List<int[]> heldOut(TextTokenizer tokenizer, int rows, int length);

  @Override
  default List<int[]> measured(TextTokenizer tokenizer, String domain, int count, int length) {
    return heldOut(tokenizer, count, length);
  }

  @Override
  default List<int[]> calibration(TextTokenizer tokenizer, String domain, int count, int length) {
    return List.of(rows(tokenizer, 1, 0, count, length));
  }
}
