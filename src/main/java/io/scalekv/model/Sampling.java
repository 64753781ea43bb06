package io.scalekv.model;

import io.scalekv.io.Require;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Sampling of token codes from the model's logits.
 *
 * @param cfg guidance strength on the logits
 * @param guidance how the strength is used
 * @param tau temperature that divides the logits; 0 takes the most likely code
 * @param topK most likely codes that are drawn; 0 for all
 * @param topP nucleus of each bit or code; a value of probability ≤ 1 − topP is never drawn; 0 for
 *     all of a codebook
 * @param moreSmooth whether the input of the next scale is a Gumbel-softmax mean of codes, for
 *     looks alone
 */
public record Sampling(
    double cfg, Guidance guidance, double tau, int topK, double topP, boolean moreSmooth) {
  /** Checks the ranges. */
  public Sampling {
    Require.between("cfg", cfg, 0, 100);
    Require.between("tau", tau, 0, 100);
    Require.atLeast("top-k", topK, 0);
    boolean none = guidance == Guidance.GROWING && topP == 0;
    Require.that(
        none || topP > 0 && topP <= 1, "top-p must be above 0 and at most 1, got %s", topP);
  }

  /** Creates the sampling of bits, with constant guidance. */
  public Sampling(double cfg, double tau, double topP) {
    this(cfg, Guidance.CONSTANT, tau, 0, topP, false);
  }

  /** Returns the sampling of code indices, with growing guidance. */
  public static Sampling ofCodes(double cfg, int topK, double topP, boolean moreSmooth) {
    return new Sampling(cfg, Guidance.GROWING, 1, topK, topP, moreSmooth);
  }

  /** Returns the defaults of Infinity's released sampling script: cfg 3, tau 1, top-p 0.97. */
  public static Sampling defaults() {
    return new Sampling(3, 1, 0.97);
  }

  /** Returns whether an unconditional branch runs next to the conditional one. */
  public boolean guided() {
    return cfg != guidance.none();
  }

  /** Returns the facts that files of results state, by name. */
  SortedMap<String, String> provenance() {
    SortedMap<String, String> facts = new TreeMap<>();
    facts.put("cfg", Double.toString(cfg));
    facts.put("topP", Double.toString(topP));
    if (guidance == Guidance.CONSTANT) {
      facts.put("tau", Double.toString(tau));
    } else {
      facts.put("topK", Integer.toString(topK));
      facts.put("moreSmooth", Boolean.toString(moreSmooth));
    }
    return facts;
  }
}
