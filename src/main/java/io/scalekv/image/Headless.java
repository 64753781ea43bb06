package io.scalekv.image;

import javax.imageio.ImageIO;

/**
 * Headless mode of AWT, which must be set before the first AWT class is used, and ImageIO without
 * temporary files.
 */
final class Headless {
  private Headless() {}

  static void ensure() {
    System.setProperty("java.awt.headless", "true");
    ImageIO.setUseCache(false);
  }
}
