package io.scalekv.image;

/** Headless mode of AWT; must be set before the first AWT class is used. */
final class Headless {
  private Headless() {}

  static void ensure() {
    System.setProperty("java.awt.headless", "true");
  }
}
