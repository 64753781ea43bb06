package io.scalekv.scene;

import java.util.Locale;

/** How a background is filled. */
public enum Ground {
  /** One colour. */
  PLAIN,
  /** Vertical, from the colour at the top to its variant at the bottom. */
  GRADIENT;

  private final String word = name().toLowerCase(Locale.ROOT);

  /** The caption's word, for example {@code plain}. */
  public String word() {
    return word;
  }
}
