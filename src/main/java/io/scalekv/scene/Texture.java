package io.scalekv.scene;

/** Texture of an object, made of its colour and the variant of the colour. */
public enum Texture implements CaptionWord {
  /** The colour alone. */
  SOLID,
  /** Horizontal stripes. */
  STRIPED,
  /** A checkerboard. */
  CHECKERED
}
