package io.scalekv.scene;

import java.util.Locale;

/** How an object is filled, with its colour and that colour's variant. */
public enum Texture {
  /** The colour alone. */
  SOLID,
  /** Horizontal stripes. */
  STRIPED,
  /** A checkerboard. */
  CHECKERED;

  private final String word = name().toLowerCase(Locale.ROOT);

  /** The caption's word, for example {@code solid}. */
  public String word() {
    return word;
  }
}
