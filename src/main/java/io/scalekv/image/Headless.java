package io.scalekv.image;

/** Tells AWT that there is no screen; must run before the first AWT class is used. */
final class Headless {
  private Headless() {}

  static void ensure() {
    System.setProperty("java.awt.headless", "true");
  }
}
