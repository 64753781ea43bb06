package io.scalekv.model;

/** Drawing options that not every model family has, by their names on the command line. */
public enum DrawingOption {
  /** Text to draw. */
  PROMPT("--prompt"),
  /** Number of a class to draw. */
  CLASS("--class"),
  /** Prompt of the unconditional branch. */
  NEGATIVE("--negative"),
  /** Scale behind which there is no guidance. */
  CFG_UNTIL("--cfg-until"),
  /** Layer of the guidance. */
  CFG_INSERTION_LAYER("--cfg-insertion-layer"),
  /** Temperature of the logits. */
  TAU("--tau"),
  /** Number of codes that are drawn. */
  TOP_K("--top-k"),
  /** Mean of codes as input of the next scale. */
  MORE_SMOOTH("--more-smooth"),
  /** Pixels of the image. */
  SIZE("--size"),
  /** Height over width. */
  ASPECT("--aspect");

  private final String text;

  DrawingOption(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
