package io.scalekv.report;

import java.awt.Color;

/**
 * Viridis (van der Walt and Smith, 2015): from dark violet to yellow, its lightness rising evenly,
 * so it reads in grey and with every common colour blindness.
 */
final class SequentialPalette {
  /** Colours from 0 to 1 at equal steps. */
  private static final Color[] STOPS = {
    new Color(0x440154),
    new Color(0x472D7B),
    new Color(0x3B528B),
    new Color(0x2C728E),
    new Color(0x21918C),
    new Color(0x28AE80),
    new Color(0x5EC962),
    new Color(0xADDC30),
    new Color(0xFDE725)
  };

  private SequentialPalette() {}

  /** The colour of {@code value}, 0 to 1; what lies beyond gets the end's colour. */
  static Color of(double value) {
    double at = Math.max(0, Math.min(1, value)) * (STOPS.length - 1);
    int low = Math.min((int) at, STOPS.length - 2);
    double part = at - low;
    Color a = STOPS[low];
    Color b = STOPS[low + 1];
    return new Color(
        mix(a.getRed(), b.getRed(), part),
        mix(a.getGreen(), b.getGreen(), part),
        mix(a.getBlue(), b.getBlue(), part));
  }

  private static int mix(int a, int b, double part) {
    return (int) Math.round(a + part * (b - a));
  }
}
