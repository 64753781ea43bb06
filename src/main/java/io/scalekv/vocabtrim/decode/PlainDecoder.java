package io.scalekv.vocabtrim.decode;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.LanguageModel;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Decoder of one model alone, one token per pass: the baseline of speculative decoding. */
public final class PlainDecoder {
  private final LanguageModel model;

  /** Creates a decoder of a model with its whole head; it does not own the model. */
  public PlainDecoder(LanguageModel model) {
    Require.that(model.head().isAll(), "head of the target must be whole, got %s", model.head());
    this.model = model;
  }

  /**
   * Generates text.
   *
   * @param prompt at least one token
   * @param options whose draft tokens are ignored
   * @param random source of randomness; unused at temperature 0
   * @return the tokens after the prompt
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

  /** Checks that prompt and new tokens fit into the models. */
  static void checkLength(int[] prompt, DecodeOptions options, LanguageModel... models) {
    Require.that(prompt.length != 0, "prompt must hold at least one token");
    for (LanguageModel m : models) {
      // the last token is never fed
      long most = m.maxPositions() + 1L;
      Require.between("prompt and new tokens", prompt.length + (long) options.maxTokens(), 2, most);
    }
  }
}
