package io.scalekv.scene;

/**
 * Colour with a pure sRGB value and a darker variant (lighter for black). Textures alternate the
 * two; a gradient runs from one to the other. The segments between a colour and its variant are at
 * least 70 apart from those of other colours (Euclidean, 0 to 255 per channel), so each shade
 * belongs to one colour.
 */
public enum Colour implements CaptionWord {
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

  private final int[] pure;
  private final int[] variant;

  Colour(int red, int green, int blue, double variantFactor) {
    this.pure = new int[] {red, green, blue};
    this.variant = new int[3];
    for (int c = 0; c < 3; c++) {
      variant[c] = (int) Math.round(pure[c] * variantFactor);
    }
  }

  /** Returns channel {@code c} (0 red, 1 green, 2 blue) of the pure colour, 0 to 255. */
  int pure(int c) {
    return pure[c];
  }

  /** Returns channel {@code c} of the variant, 0 to 255. */
  int variant(int c) {
    return variant[c];
  }
}
