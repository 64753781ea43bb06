package io.scalekv.model;

/**
 * How an image is drawn from the model.
 *
 * @param cfg guidance strength on the logits: cfg·conditional + (1 − cfg)·unconditional; 1 switches
 *     the unconditional branch off
 * @param tau temperature that divides the logits; 0 takes the more likely bit
 * @param topP nucleus on the two values of each bit; a value of probability ≤ 1 − topP is never
 *     drawn
 * @param keepLastMap whether the keys and values of the last map are stored too (for tests)
 */
public record GenerationOptions(double cfg, double tau, double topP, boolean keepLastMap) {
  /** Checks the ranges. */
  public GenerationOptions {
    if (!(cfg >= 0 && cfg <= 100)) {
      throw new IllegalArgumentException("cfg: 0 to 100 expected, got " + cfg);
    }
    if (!(tau >= 0 && tau <= 100)) {
      throw new IllegalArgumentException("tau: 0 to 100 expected, got " + tau);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("top-p: above 0, at most 1 expected, got " + topP);
    }
  }

  /** The defaults of the released sampling script: cfg 3, tau 1, top-p 0.97. */
  public static GenerationOptions defaults() {
    return new GenerationOptions(3, 1, 0.97, false);
  }

  /** The same with another temperature. */
  public GenerationOptions withTau(double tau) {
    return new GenerationOptions(cfg, tau, topP, keepLastMap);
  }

  /** Whether an unconditional branch runs beside the conditional one. */
  public boolean guided() {
    return cfg != 1;
  }
}
