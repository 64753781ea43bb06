package io.scalekv.scene;

import java.util.Locale;

/** Place of a single object; coordinates run from 0 to 1, rightwards and downwards. */
public enum Place implements Arrangement {
  LEFT(0.28, 0.5),
  RIGHT(0.72, 0.5),
  TOP(0.5, 0.28),
  BOTTOM(0.5, 0.72),
  CENTER(0.5, 0.5);

  private final String words = name().toLowerCase(Locale.ROOT);
  private final double x;
  private final double y;

  Place(double x, double y) {
    this.x = x;
    this.y = y;
  }

  @Override
  public String words() {
    return words;
  }

  /** Returns the nominal centre's column, 0 to 1. */
  public double x() {
    return x;
  }

  /** Returns the nominal centre's row, 0 to 1, downwards. */
  public double y() {
    return y;
  }

  /** Returns the place whose nominal centre is nearest to the point. */
  public static Place nearest(double x, double y) {
    Place best = CENTER;
    double bestDistance = Double.POSITIVE_INFINITY;
    for (Place place : values()) {
      double distance = Math.hypot(x - place.x, y - place.y);
      if (distance < bestDistance) {
        best = place;
        bestDistance = distance;
      }
    }
    return best;
  }
}
