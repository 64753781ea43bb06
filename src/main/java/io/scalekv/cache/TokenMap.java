package io.scalekv.cache;

import io.scalekv.io.Require;

/**
 * Size of one token map (one scale) of a visual autoregressive model.
 *
 * @param height rows of tokens, at least 1
 * @param width columns of tokens, at least 1
 */
public record TokenMap(int height, int width) {
  /** Checks that both sides are positive. */
  public TokenMap {
    Require.that(
        height >= 1 && width >= 1, "token map sides must be at least 1, got %dx%d", height, width);
  }

  /** Reads {@code 16x16}. */
  public static TokenMap parse(String text) {
    Require.that(
        text.matches("[1-9][0-9]{0,3}x[1-9][0-9]{0,3}"),
        "token map must be HEIGHTxWIDTH, got %s",
        text);
    int x = text.indexOf('x');
    return new TokenMap(
        Integer.parseInt(text.substring(0, x)), Integer.parseInt(text.substring(x + 1)));
  }

  /** Returns the number of tokens of this map, {@code height * width}. */
  public int tokens() {
    return height * width;
  }

  @Override
  public String toString() {
    return height + "x" + width;
  }
}
