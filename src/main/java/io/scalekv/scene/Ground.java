package io.scalekv.scene;

/** Fill of a background. */
public enum Ground implements CaptionWord {
  /** One colour. */
  PLAIN,
  /** Vertical, from the colour at the top to its variant at the bottom. */
  GRADIENT
}
