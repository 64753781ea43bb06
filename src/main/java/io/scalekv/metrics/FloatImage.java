package io.scalekv.metrics;

import io.scalekv.io.Require;

/**
 * An image of floats, one plane after the other: [3,Y,X], red, green, blue. Values are on the scale
 * 0..255 but may lie outside it.
 *
 * @param width pixels in a row, X
 * @param height rows, Y
 * @param planes 3·Y·X values; not copied
 */
public record FloatImage(int width, int height, float[] planes) {
  /** Checks the number of values. */
  public FloatImage {
    Require.that(
        width >= 1 && height >= 1 && planes.length == 3L * width * height,
        "float image %sx%s must hold 3 values per pixel, got %s values",
        width,
        height,
        planes.length);
  }

  /**
   * Returns the value of channel {@code c} (0 red, 1 green, 2 blue) in column {@code x}, row {@code
   * y}.
   */
  public float at(int c, int x, int y) {
    return planes[(c * height + y) * width + x];
  }
}
