package io.scalekv.scene;

/**
 * Fit of the background of an image: the colour and ground with the least truncated squared error
 * over all pixels, then a line over the rows fitted to the pixels near it.
 *
 * @param colour the background's colour
 * @param ground how it is filled
 * @param line value of channel c in row y: {@code line[c] + t * line[3 + c]}, {@code t = y / (side
 *     - 1)}
 */
record BackgroundFit(Colour colour, Ground ground, double[] line) {
  /** Largest distance that counts; a pixel beyond it belongs to an object. */
  private static final double FAR = 60;

  private static final int REFINEMENTS = 2;

  static BackgroundFit of(PixelGrid grid) {
    BackgroundFit best = null;
    double bestError = Double.POSITIVE_INFINITY;
    for (Colour colour : Colour.values()) {
      for (Ground ground : Ground.values()) {
        BackgroundFit fit = nominal(colour, ground);
        double error = fit.error(grid, bestError);
        if (error < bestError) {
          best = fit;
          bestError = error;
        }
      }
    }
    for (int i = 0; i < REFINEMENTS; i++) {
      best = best.refined(grid);
    }
    return best;
  }

  private static BackgroundFit nominal(Colour colour, Ground ground) {
    double[] line = new double[6];
    for (int c = 0; c < 3; c++) {
      line[c] = colour.pure(c);
      line[3 + c] = ground == Ground.GRADIENT ? colour.variant(c) - colour.pure(c) : 0;
    }
    return new BackgroundFit(colour, ground, line);
  }

  /** Returns the value of channel {@code c} in row {@code y}. */
  double value(int y, int c, int side) {
    return line[c] + line[3 + c] * y / (side - 1);
  }

  /** Returns the distance of pixel {@code i} to the background in its row, 0 to 442. */
  double distance(PixelGrid grid, int i) {
    int y = i / grid.side();
    double sum = 0;
    for (int c = 0; c < 3; c++) {
      double d = grid.value(i, c) - value(y, c, grid.side());
      sum += d * d;
    }
    return Math.sqrt(sum);
  }

  /** Returns the error, or a part of it that reaches the limit. */
  private double error(PixelGrid grid, double limit) {
    double sum = 0;
    for (int i = 0; i < grid.pixels() && sum < limit; i++) {
      double d = Math.min(FAR, distance(grid, i));
      sum += d * d;
    }
    return sum;
  }

  /**
   * Fits the line by least squares to the pixels within half of {@link #FAR}, unless these are few.
   */
  private BackgroundFit refined(PixelGrid grid) {
    int side = grid.side();
    double n = 0;
    double sumT = 0;
    double sumTt = 0;
    double[] sum = new double[3];
    double[] sumV = new double[3];
    for (int i = 0; i < grid.pixels(); i++) {
      if (distance(grid, i) > FAR / 2) {
        continue;
      }
      int y = i / side;
      double t = (double) y / (side - 1);
      n++;
      sumT += t;
      sumTt += t * t;
      for (int c = 0; c < 3; c++) {
        sum[c] += grid.value(i, c);
        sumV[c] += t * grid.value(i, c);
      }
    }
    double determinant = n * sumTt - sumT * sumT;
    if (n < 0.1 * grid.pixels() || determinant < 1e-3 * n * n) {
      return this;
    }
    double[] fitted = new double[6];
    for (int c = 0; c < 3; c++) {
      fitted[3 + c] = (n * sumV[c] - sumT * sum[c]) / determinant;
      fitted[c] = (sum[c] - fitted[3 + c] * sumT) / n;
    }
    return new BackgroundFit(colour, ground, fitted);
  }
}
