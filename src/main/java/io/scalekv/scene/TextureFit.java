package io.scalekv.scene;

import java.util.Arrays;

/**
 * Texture of an object by the shades of its inner pixels (0 pure colour, 1 variant): solid if they
 * hardly vary, else the pattern with the higher correlation at its best phase.
 */
final class TextureFit {
  /** Least standard deviation of the shades of a textured object; a crisp one has 0.5. */
  private static final double LEAST_DEVIATION = 0.18;

  private static final int PHASES = 12;

  private TextureFit() {}

  static Texture of(PixelGrid grid, int[] pixels, Colour colour) {
    double[] shades = new double[pixels.length];
    double mean = 0;
    for (int k = 0; k < pixels.length; k++) {
      shades[k] = Math.max(-0.25, Math.min(1.25, grid.shade(pixels[k], colour)));
      mean += shades[k] / pixels.length;
    }
    double variance = 0;
    for (double shade : shades) {
      variance += (shade - mean) * (shade - mean) / pixels.length;
    }
    if (variance < LEAST_DEVIATION * LEAST_DEVIATION) {
      return Texture.SOLID;
    }
    double striped = 0;
    double checkered = 0;
    double[][] waves = waves(grid.side());
    double[] ones = new double[grid.side()];
    Arrays.fill(ones, 1);
    for (double[] rows : waves) {
      striped = Math.max(striped, correlation(grid.side(), pixels, shades, mean, rows, ones));
      for (double[] columns : waves) {
        double found = correlation(grid.side(), pixels, shades, mean, rows, columns);
        checkered = Math.max(checkered, found);
      }
    }
    return striped >= checkered ? Texture.STRIPED : Texture.CHECKERED;
  }

  /**
   * Returns square waves of +1 and -1 along the side, at phases over half a period: the rest mirror
   * them.
   */
  private static double[][] waves(int side) {
    double[][] waves = new double[PHASES][side];
    for (int phase = 0; phase < PHASES; phase++) {
      for (int i = 0; i < side; i++) {
        double periods = (i + 0.5) / side / SceneRenderer.TEXTURE_PERIOD + 0.5 * phase / PHASES;
        waves[phase][i] = periods - Math.floor(periods) < 0.5 ? 1 : -1;
      }
    }
    return waves;
  }

  /**
   * Returns the absolute correlation of the shades with the pattern {@code rows[y] * columns[x]},
   * up to the shades' own deviation, which all patterns share; 0 if the pattern is constant on the
   * pixels.
   */
  private static double correlation(
      int side, int[] pixels, double[] shades, double mean, double[] rows, double[] columns) {
    double sum = 0;
    double dot = 0;
    for (int k = 0; k < pixels.length; k++) {
      double sign = rows[pixels[k] / side] * columns[pixels[k] % side];
      sum += sign;
      dot += sign * (shades[k] - mean);
    }
    double squares = pixels.length - sum * sum / pixels.length;
    return squares <= 0 ? 0 : Math.abs(dot) / Math.sqrt(squares);
  }
}
