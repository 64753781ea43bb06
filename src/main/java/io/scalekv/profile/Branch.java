package io.scalekv.profile;

/** The two halves of a guided batch. */
public enum Branch {
  /** Sees the prompt. */
  CONDITIONAL("conditional"),
  /** Sees the empty or negative prompt. */
  UNCONDITIONAL("unconditional");

  private final String label;

  Branch(String label) {
    this.label = label;
  }

  /** Returns the name used in files. */
  public String label() {
    return label;
  }
}
