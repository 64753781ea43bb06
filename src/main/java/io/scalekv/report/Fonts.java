package io.scalekv.report;

import java.awt.Font;
import java.awt.font.FontRenderContext;

/** Fonts of all figures. */
public final class Fonts {
  static {
    System.setProperty("java.awt.headless", "true");
  }

  private static final String FAMILY = Font.SANS_SERIF;

  private Fonts() {}

  public static Font plain(double size) {
    return new Font(FAMILY, Font.PLAIN, 12).deriveFont((float) size);
  }

  public static Font bold(double size) {
    return new Font(FAMILY, Font.BOLD, 12).deriveFont((float) size);
  }

  /** Fails where text cannot be drawn, as on a server without fonts. */
  public static void require() {
    require(() -> plain(12).getStringBounds("scale", new FontRenderContext(null, true, true)));
  }

  public static void require(Runnable probe) {
    try {
      probe.run();
    } catch (RuntimeException | LinkageError | InternalError e) {
      throw new IllegalStateException(
          "missing fonts (" + e + "): install fontconfig and fonts-dejavu-core", e);
    }
  }
}
