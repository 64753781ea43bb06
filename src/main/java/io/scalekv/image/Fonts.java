package io.scalekv.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Supplier;

/**
 * Fonts of the machine. Touching the first one is where a machine without any fails, in various
 * ways.
 */
public final class Fonts {
  private Fonts() {}

  /**
   * Returns what needs a font.
   *
   * @throws UncheckedIOException where the machine has none
   */
  public static <T> T needed(Supplier<T> text) {
    try {
      return text.get();
    } catch (RuntimeException | LinkageError | InternalError e) {
      throw new UncheckedIOException(
          new IOException("missing fonts: install fontconfig and fonts-dejavu-core", e));
    }
  }
}
