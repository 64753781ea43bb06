package io.scalekv.scene;

/**
 * Shape as a signed distance function at unit radius: an object with radius r has the unit shape
 * times r, and no shape reaches further than {@link #EXTENT} from its centre along an axis.
 * Distance functions after Inigo Quilez, "2D distance functions".
 */
public enum ShapeKind implements CaptionWord {
  /** A disc of radius 0.92. */
  CIRCLE,
  /** Half side 0.80. */
  SQUARE,
  /** Points up: apex at -0.86, base at +0.86, half base 0.94. */
  TRIANGLE,
  /** Outer radius 0.94, hole of 0.55 times that. */
  RING,
  /** An upright plus: arms of length 0.94 and half width 0.36. */
  CROSS,
  /** A square on its corner, half diagonal 0.94. */
  DIAMOND;

  /** The furthest that any unit shape reaches from its centre along an axis. */
  public static final double EXTENT = 0.94;

  private static final double TRIANGLE_HALF_HEIGHT = 0.86;
  private static final double TRIANGLE_SLOPE_LENGTH = Math.hypot(EXTENT, 2 * TRIANGLE_HALF_HEIGHT);
  private static final double RING_MIDDLE = EXTENT * (1 + 0.55) / 2;
  private static final double RING_HALF_WIDTH = EXTENT * (1 - 0.55) / 2;
  private static final double ARM = 0.36;

  /**
   * Returns the signed distance to the outline in radii, negative inside. Outside near a corner it
   * falls short of the Euclidean distance, which leaves corners sharp.
   *
   * @param x right of the shape's centre, in radii
   * @param y below the shape's centre, in radii
   */
  public double signedDistance(double x, double y) {
    double ax = Math.abs(x);
    double ay = Math.abs(y);
    return switch (this) {
      case CIRCLE -> Math.sqrt(x * x + y * y) - 0.92;
      case SQUARE -> Math.max(ax, ay) - 0.80;
      case TRIANGLE -> {
        double slope =
            (2 * TRIANGLE_HALF_HEIGHT * ax - EXTENT * (y + TRIANGLE_HALF_HEIGHT))
                / TRIANGLE_SLOPE_LENGTH;
        yield Math.max(slope, y - TRIANGLE_HALF_HEIGHT);
      }
      case RING -> Math.abs(Math.sqrt(x * x + y * y) - RING_MIDDLE) - RING_HALF_WIDTH;
      case CROSS -> Math.min(Math.max(ax - EXTENT, ay - ARM), Math.max(ax - ARM, ay - EXTENT));
      case DIAMOND -> (ax + ay - EXTENT) * Math.sqrt(0.5);
    };
  }

  /** Returns the area of the unit shape; an object of radius r covers r squared times this. */
  public double unitArea() {
    return switch (this) {
      case CIRCLE -> Math.PI * 0.92 * 0.92;
      case SQUARE -> 4 * 0.80 * 0.80;
      case TRIANGLE -> 2 * TRIANGLE_HALF_HEIGHT * EXTENT;
      case RING -> 4 * Math.PI * RING_MIDDLE * RING_HALF_WIDTH;
      case CROSS -> 8 * EXTENT * ARM - 4 * ARM * ARM;
      case DIAMOND -> 2 * EXTENT * EXTENT;
    };
  }

  /**
   * Returns the distance of the centroid of the unit shape below its centre; 0 except for the
   * triangle.
   */
  public double centroidY() {
    return this == TRIANGLE ? TRIANGLE_HALF_HEIGHT / 3 : 0;
  }
}
