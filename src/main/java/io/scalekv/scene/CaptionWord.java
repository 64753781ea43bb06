package io.scalekv.scene;

import java.util.Locale;

/** Attribute value that is one word of a caption: its name in lower case. */
public interface CaptionWord {
  /** Returns the name of the constant. */
  String name();

  /** Returns the word of the caption, for example {@code red}. */
  default String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
