package io.scalekv.model;

/** Use of the guidance strength on the logits of a conditional and an unconditional branch. */
public enum Guidance {
  /** cfg · conditional + (1 − cfg) · unconditional at every scale; 1 is none. */
  CONSTANT(1),
  /**
   * (1 + t) · conditional − t · unconditional, where t grows from 0 at the first scale to cfg at
   * the last; 0 is none.
   */
  GROWING(0);

  private final double none;

  Guidance(double none) {
    this.none = none;
  }

  /** Returns the strength that needs no unconditional branch. */
  public double none() {
    return none;
  }
}
