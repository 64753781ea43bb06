package io.scalekv.cache;

/**
 * The geometry of one token map (one scale) of a visual autoregressive model.
 *
 * @param height rows of tokens, at least 1
 * @param width columns of tokens, at least 1
 */
public record TokenMap(int height, int width) {
  /** Checks that both sides are positive. */
  public TokenMap {
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "token map: sides of at least 1 expected, got " + height + "x" + width);
    }
  }

  /** Number of tokens of this map, {@code height * width}. */
  public int tokens() {
    return height * width;
  }

  @Override
  public String toString() {
    return height + "x" + width;
  }
}
