package io.scalekv.report;

import java.awt.Color;
import java.util.Arrays;

/** Palette of a heat map, readable with every common colour blindness. */
public enum Palette {
  /** Viridis (van der Walt and Smith, 2015): dark violet to yellow, evenly rising in lightness. */
  SEQUENTIAL(
      0x440154, 0x472D7B, 0x3B528B, 0x2C728E, 0x21918C, 0x28AE80, 0x5EC962, 0xADDC30, 0xFDE725),
  /** Blue, white, orange: white is the middle of the range. */
  DIVERGING(0x14509B, 0x5B93CC, 0xB5D1EA, 0xFFFFFF, 0xFCD3A4, 0xF29A45, 0xC2560A),
  /** White to dark blue, for shares and probabilities. */
  SHARE(0xFFFFFF, 0xB5D1EA, 0x5B93CC, 0x14509B);

  private final Color[] stops;

  Palette(int... stops) {
    this.stops = Arrays.stream(stops).mapToObj(Color::new).toArray(Color[]::new);
  }

  /** Returns the colour of a position in the range, 0 to 1; the ends' colours beyond. */
  Color of(double position) {
    double at = Math.max(0, Math.min(1, position)) * (stops.length - 1);
    int low = Math.min((int) at, stops.length - 2);
    Color a = stops[low];
    Color b = stops[low + 1];
    return mix(a, b, at - low);
  }

  /** Returns the colour at a share of the way from one to another. */
  static Color mix(Color a, Color b, double part) {
    return new Color(
        mix(a.getRed(), b.getRed(), part),
        mix(a.getGreen(), b.getGreen(), part),
        mix(a.getBlue(), b.getBlue(), part));
  }

  private static int mix(int a, int b, double part) {
    return (int) Math.round(a + part * (b - a));
  }

  /** Returns black or white, whichever has more contrast with {@code background}. */
  static Color ink(Color background) {
    double luminance =
        0.2126 * background.getRed()
            + 0.7152 * background.getGreen()
            + 0.0722 * background.getBlue();
    return luminance < 128 ? Color.WHITE : Color.BLACK;
  }
}
