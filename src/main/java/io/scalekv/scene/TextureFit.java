package io.scalekv.scene;

/**
 * Tells how an object is filled, from the shades of its inner pixels (0 pure colour, 1 variant):
 * solid if they hardly vary, else the pattern with the higher correlation at its best phase.
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
    double[] pattern = new double[pixels.length];
    // Half a period of phase only changes the sign.
    for (int py = 0; py < PHASES; py++) {
      for (int k = 0; k < pixels.length; k++) {
        pattern[k] = square(pixels[k] / grid.side(), py, grid.side());
      }
      striped = Math.max(striped, Math.abs(correlation(shades, pattern)));
      for (int px = 0; px < PHASES; px++) {
        double[] checks = new double[pixels.length];
        for (int k = 0; k < pixels.length; k++) {
          checks[k] = pattern[k] * square(pixels[k] % grid.side(), px, grid.side());
        }
        checkered = Math.max(checkered, Math.abs(correlation(shades, checks)));
      }
    }
    return striped >= checkered ? Texture.STRIPED : Texture.CHECKERED;
  }

  private static double square(int position, int phase, int side) {
    double periods = (position + 0.5) / side / SceneRenderer.TEXTURE_PERIOD + 0.5 * phase / PHASES;
    return periods - Math.floor(periods) < 0.5 ? 1 : -1;
  }

  /** Pearson's correlation; 0 if either side is constant. */
  private static double correlation(double[] a, double[] b) {
    double meanA = 0;
    double meanB = 0;
    for (int i = 0; i < a.length; i++) {
      meanA += a[i] / a.length;
      meanB += b[i] / a.length;
    }
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (a[i] - meanA) * (b[i] - meanB);
      aa += (a[i] - meanA) * (a[i] - meanA);
      bb += (b[i] - meanB) * (b[i] - meanB);
    }
    return aa * bb == 0 ? 0 : ab / Math.sqrt(aa * bb);
  }
}
