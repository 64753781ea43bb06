package io.scalekv.vocabtrim.decode;

import io.scalekv.vocabtrim.lm.LanguageModel;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** One model alone, one token a pass: what speculative decoding is measured against. */
public final class PlainDecoder {
  private final LanguageModel model;

  /** A decoder of a model with its whole head; it does not own the model. */
  public PlainDecoder(LanguageModel model) {
    if (!model.head().isAll()) {
      throw new IllegalArgumentException(
          "decoding: a target with its whole head expected, got " + model.head());
    }
    this.model = model;
  }

  /**
   * Generates.
   *
   * @param prompt at least one token
   * @param options of which the draft tokens do not matter
   * @param random source of randomness; unused at temperature 0
   * @return what comes after the prompt
   */
  public int[] generate(int[] prompt, DecodeOptions options, RandomGenerator random) {
    checkLength(prompt, options, model);
    TokenRule rule = TokenRule.of(options, random);
    int[] tokens = new int[options.maxTokens()];
    int n = 0;
    try (LanguageModel.Session session = model.session()) {
      float[] logits = session.feedLast(prompt);
      while (true) {
        tokens[n++] = rule.next(logits, 0, model.vocabulary());
        if (n == tokens.length || options.stop().contains(tokens[n - 1])) {
          return Arrays.copyOf(tokens, n);
        }
        logits = session.feedLast(new int[] {tokens[n - 1]});
      }
    }
  }

  /** That prompt and generated tokens fit into the models. */
  static void checkLength(int[] prompt, DecodeOptions options, LanguageModel... models) {
    if (prompt.length == 0) {
      throw new IllegalArgumentException(
          "decoding: at least one token of prompt expected, got none");
    }
    for (LanguageModel m : models) {
      // the last token is never fed
      long fed = (long) prompt.length + options.maxTokens() - 1;
      if (fed > m.maxPositions()) {
        throw new IllegalArgumentException(
            "decoding: a prompt and new tokens of at most "
                + (m.maxPositions() + 1L)
                + " in all expected, got "
                + (fed + 1));
      }
    }
  }
}
