package io.scalekv.model;

import io.scalekv.io.Require;

/**
 * Sampling of token codes from the model's logits.
 *
 * @param cfg guidance strength on the logits: cfg · conditional + (1 − cfg) · unconditional; 1
 *     switches the unconditional branch off
 * @param tau temperature that divides the logits; 0 takes the most likely code
 * @param topP nucleus of each bit; a value of probability ≤ 1 − topP is never drawn
 */
public record Sampling(double cfg, double tau, double topP) {
  /** Checks the ranges. */
  public Sampling {
    Require.between("cfg", cfg, 0, 100);
    Require.between("tau", tau, 0, 100);
    Require.that(topP > 0 && topP <= 1, "top-p must be above 0 and at most 1, got %s", topP);
  }

  /** Returns the defaults of the released sampling script: cfg 3, tau 1, top-p 0.97. */
  public static Sampling defaults() {
    return new Sampling(3, 1, 0.97);
  }

  /** Returns whether an unconditional branch runs next to the conditional one. */
  public boolean guided() {
    return cfg != 1;
  }
}
