package io.scalekv.vocabtrim.decode;

import io.scalekv.vocabtrim.lm.VocabularySubset;

/** The most likely token; of equals the first. */
record GreedyRule() implements TokenRule {
  @Override
  public Draft draft(float[] logits, VocabularySubset kept) {
    return new Draft(kept.id(argMax(logits, 0, kept.size())), null);
  }

  @Override
  public int judge(Draft draft, VocabularySubset kept, float[] logits, int from) {
    int token = argMax(logits, from, kept.vocabulary());
    return token == draft.token() ? token : -1 - token;
  }

  @Override
  public int next(float[] logits, int from, int vocabulary) {
    return argMax(logits, from, vocabulary);
  }

  /** Place of the largest of n values, counted from the first of them. */
  static int argMax(float[] values, int from, int n) {
    int best = 0;
    for (int i = 1; i < n; i++) {
      if (values[from + i] > values[from + best]) {
        best = i;
      }
    }
    return best;
  }
}
