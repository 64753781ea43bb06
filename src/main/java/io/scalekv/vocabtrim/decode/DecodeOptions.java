package io.scalekv.vocabtrim.decode;

import io.scalekv.io.Require;
import java.util.Set;

/**
 * Options of text generation.
 *
 * @param draftTokens γ, tokens that the draft model proposes per block
 * @param temperature that divides the logits of both models; 0 takes the most likely token
 * @param stop tokens that end the text; they are part of it
 */
public record DecodeOptions(int draftTokens, int maxTokens, double temperature, Set<Integer> stop) {
  public DecodeOptions {
    Require.between("draft tokens", draftTokens, 1, 64);
    Require.atLeast("tokens to generate", maxTokens, 1);
    Require.between("temperature", temperature, 0.0, 100.0);
    stop = Set.copyOf(stop);
  }

  /** Returns whether the most likely token is taken, without randomness. */
  public boolean greedy() {
    return temperature == 0;
  }
}
