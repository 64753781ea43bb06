package io.scalekv.scene;

import java.util.Locale;

/**
 * The ten colours, each with its pure sRGB value and a variant: clearly darker, for black lighter.
 * Textures alternate the two, a gradient runs from one to the other. The straight lines between a
 * colour and its variant stay at least 70 apart from those of every other colour (Euclidean, 0 to
 * 255 a channel), so that each shade still belongs to one colour.
 */
public enum Colour {
  RED(225, 20, 35, 0.62),
  GREEN(20, 180, 50, 0.60),
  BLUE(20, 60, 235, 0.60),
  YELLOW(255, 235, 40, 0.70),
  PURPLE(135, 20, 205, 0.64),
  ORANGE(255, 125, 0, 0.72),
  WHITE(248, 248, 248, 0.68),
  BLACK(14, 14, 14, 76.0 / 14.0),
  CYAN(45, 215, 240, 0.62),
  PINK(255, 125, 195, 0.70);

  private final String word;
  private final int[] pure;
  private final int[] variant;

  Colour(int red, int green, int blue, double variantFactor) {
    this.word = name().toLowerCase(Locale.ROOT);
    this.pure = new int[] {red, green, blue};
    this.variant = new int[3];
    for (int c = 0; c < 3; c++) {
      variant[c] = (int) Math.round(pure[c] * variantFactor);
    }
  }

  /** The caption's word, for example {@code red}. */
  public String word() {
    return word;
  }

  /** The pure colour as {@code 0xRRGGBB}. */
  public int rgb() {
    return pure[0] << 16 | pure[1] << 8 | pure[2];
  }

  /** The darker (black: lighter) variant as {@code 0xRRGGBB}. */
  public int variantRgb() {
    return variant[0] << 16 | variant[1] << 8 | variant[2];
  }

  /** Channel {@code c} (0 red, 1 green, 2 blue) of the pure colour, 0 to 255. */
  int pure(int c) {
    return pure[c];
  }

  /** Channel {@code c} of the variant, 0 to 255. */
  int variant(int c) {
    return variant[c];
  }
}
