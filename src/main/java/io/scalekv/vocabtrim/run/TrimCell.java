package io.scalekv.vocabtrim.run;

import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One measurement, complete: equal cells give equal results, times apart.
 *
 * @param pair hash of the weights and the tokenizer
 * @param text hash of the folder of text, or the name of the synthetic language
 * @param domain of the prompts
 * @param prompts how many
 * @param promptTokens tokens of each
 * @param newTokens most tokens of a response
 * @param temperature of both models; 0 is greedy
 * @param gammas drafted tokens of a block
 * @param sizes numbers of retained tokens, ascending, V last
 * @param source of the counts
 * @param calibrationDomain of the counted texts
 * @param calibrationTexts how many
 * @param loop what the real loop is run for; null for nothing
 * @param seed of all sampling
 */
public record TrimCell(
    String pair,
    String text,
    String domain,
    int prompts,
    int promptTokens,
    int newTokens,
    double temperature,
    List<Integer> gammas,
    List<Integer> sizes,
    String source,
    String calibrationDomain,
    int calibrationTexts,
    TrimSpec.Loop loop,
    long seed) {
  private static final int ID_LETTERS = 16;

  /** Copies the lists. */
  public TrimCell {
    gammas = List.copyOf(gammas);
    sizes = List.copyOf(sizes);
  }

  /** Hash of the content. */
  public String id() {
    byte[] json = CanonicalJson.of(this).getBytes(StandardCharsets.UTF_8);
    return Sha256.of(json).substring(0, ID_LETTERS);
  }

  /** For people. */
  public String label() {
    return "%s, T %s, %d %s texts%s"
        .formatted(
            domain,
            temperature == 0 ? "0 (greedy)" : String.valueOf(temperature),
            calibrationTexts,
            source,
            calibrationDomain.equals(domain) ? "" : " of " + calibrationDomain);
  }
}
