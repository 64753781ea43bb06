package io.scalekv.vocabtrim.decode;

import io.scalekv.vocabtrim.lm.VocabularySubset;

/**
 * How tokens are chosen from logits, and draft tokens judged by the target's. A row of logits lies
 * in an array from some place on.
 */
sealed interface TokenRule permits GreedyRule, SamplingRule {
  /**
   * A proposed token.
   *
   * @param token of the whole vocabulary
   * @param probabilities of the draft model's columns, or null where they do not matter
   */
  record Draft(int token, double[] probabilities) {}

  /** The rule of a temperature. */
  static TokenRule of(DecodeOptions options, java.util.random.RandomGenerator random) {
    return options.greedy() ? new GreedyRule() : new SamplingRule(options.temperature(), random);
  }

  /** A token from the draft model's logits [K]. */
  Draft draft(float[] logits, VocabularySubset kept);

  /**
   * Judges a draft token.
   *
   * @param logits of the target
   * @param from first of the row's V logits
   * @return the draft token if it is accepted, otherwise −1 − the token that comes instead
   */
  int judge(Draft draft, VocabularySubset kept, float[] logits, int from);

  /** A token from the target's V logits. */
  int next(float[] logits, int from, int vocabulary);
}
