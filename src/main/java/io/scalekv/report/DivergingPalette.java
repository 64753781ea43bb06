package io.scalekv.report;

import java.awt.Color;

/** Blue, white, orange: told apart with every common colour blindness; white is 0. */
public final class DivergingPalette {
  /** Colours from −1 to 1 at equal steps. */
  private static final Color[] STOPS = {
    new Color(0x14509B),
    new Color(0x5B93CC),
    new Color(0xB5D1EA),
    new Color(0xFFFFFF),
    new Color(0xFCD3A4),
    new Color(0xF29A45),
    new Color(0xC2560A)
  };

  private DivergingPalette() {}

  /** The colour of {@code value}, −1 to 1; what lies beyond gets the end's colour. */
  public static Color of(double value) {
    double at = (Math.max(-1, Math.min(1, value)) + 1) / 2 * (STOPS.length - 1);
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

  /** Black or white, whichever reads better on {@code background}. */
  public static Color ink(Color background) {
    double luminance =
        0.2126 * background.getRed()
            + 0.7152 * background.getGreen()
            + 0.0722 * background.getBlue();
    return luminance < 128 ? Color.WHITE : Color.BLACK;
  }
}
