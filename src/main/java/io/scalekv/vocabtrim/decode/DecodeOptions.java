package io.scalekv.vocabtrim.decode;

import java.util.Set;

/**
 * How text is generated.
 *
 * @param draftTokens γ, tokens that the drafter proposes before the target looks
 * @param maxTokens most tokens to generate
 * @param temperature that divides the logits of both models; 0 takes the most likely token
 * @param stop tokens after which to end; they are part of what is generated
 */
public record DecodeOptions(int draftTokens, int maxTokens, double temperature, Set<Integer> stop) {
  private static final int MOST_DRAFT_TOKENS = 64;

  /** Checks the numbers. */
  public DecodeOptions {
    if (draftTokens < 1 || draftTokens > MOST_DRAFT_TOKENS) {
      throw new IllegalArgumentException(
          "decoding: 1 to " + MOST_DRAFT_TOKENS + " draft tokens expected, got " + draftTokens);
    }
    if (maxTokens < 1) {
      throw new IllegalArgumentException(
          "decoding: at least one token to generate expected, got " + maxTokens);
    }
    if (!(temperature >= 0 && temperature <= 100)) {
      throw new IllegalArgumentException(
          "decoding: a temperature of 0 to 100 expected, got " + temperature);
    }
    stop = Set.copyOf(stop);
  }

  /** Whether the most likely token is taken, without randomness. */
  public boolean greedy() {
    return temperature == 0;
  }
}
