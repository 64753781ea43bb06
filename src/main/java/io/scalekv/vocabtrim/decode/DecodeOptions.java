package io.scalekv.vocabtrim.decode;

import io.scalekv.io.Require;
import java.util.Set;

/**
 * How text is generated.
 *
 * @param draftTokens γ, tokens that the draft model proposes before the target looks
 * @param maxTokens most tokens to generate
 * @param temperature that divides the logits of both models; 0 takes the most likely token
 * @param stop tokens after which to end; they are part of what is generated
 */
public record DecodeOptions(int draftTokens, int maxTokens, double temperature, Set<Integer> stop) {
  private static final int MOST_DRAFT_TOKENS = 64;

  /** Checks the numbers. */
  public DecodeOptions {
    Require.that(
        draftTokens >= 1 && draftTokens <= MOST_DRAFT_TOKENS,
        "draft tokens must be between 1 and %s, got %s",
        MOST_DRAFT_TOKENS,
        draftTokens);
    Require.that(maxTokens >= 1, "tokens to generate must be at least 1, got %s", maxTokens);
    Require.that(
        temperature >= 0 && temperature <= 100,
        "temperature must be between 0 and 100, got %s",
        temperature);
    stop = Set.copyOf(stop);
  }

  /** Whether the most likely token is taken, without randomness. */
  public boolean greedy() {
    return temperature == 0;
  }
}
