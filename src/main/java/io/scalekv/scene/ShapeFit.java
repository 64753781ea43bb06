package io.scalekv.scene;

/**
 * Template with the largest overlap with a region. For each shape the radius follows from the area
 * of the region and the centre from its centroid; then both are refined for the largest
 * intersection over union.
 *
 * @param x column of the centre, 0 to 1
 * @param y row of the centre, 0 to 1
 * @param radius part of the side
 * @param overlap intersection over union, 0 to 1
 */
record ShapeFit(ShapeKind shape, double x, double y, double radius, double overlap) {
  private static final double[] RADIUS_FACTORS = {1, 0.95, 1.05};
  private static final int CENTRE_STEPS = 2;

  static ShapeFit of(int[] pixels, int side) {
    boolean[] mask = Regions.mask(pixels, side * side);
    double sumX = 0;
    double sumY = 0;
    for (int i : pixels) {
      int row = i / side;
      sumX += i % side + 0.5;
      sumY += row + 0.5;
    }
    double x = sumX / pixels.length / side;
    double y = sumY / pixels.length / side;
    double area = (double) pixels.length / (side * side);
    ShapeFit best = null;
    for (ShapeKind shape : ShapeKind.values()) {
      double radius = Math.sqrt(area / shape.unitArea());
      ShapeFit fit =
          climb(mask, pixels.length, side, shape, x, y - shape.centroidY() * radius, radius);
      if (best == null || fit.overlap > best.overlap) {
        best = fit;
      }
    }
    return best;
  }

  /** Moves the centre by half pixels from the best radius while the overlap grows. */
  private static ShapeFit climb(
      boolean[] mask, int count, int side, ShapeKind shape, double x, double y, double radius) {
    ShapeFit best = null;
    for (double factor : RADIUS_FACTORS) {
      ShapeFit fit = at(mask, count, side, shape, x, y, radius * factor);
      if (best == null || fit.overlap > best.overlap) {
        best = fit;
      }
    }
    double step = 0.5 / side;
    double[][] moves = {{step, 0}, {-step, 0}, {0, step}, {0, -step}};
    for (int i = 0; i < CENTRE_STEPS; i++) {
      ShapeFit from = best;
      for (double[] move : moves) {
        ShapeFit fit =
            at(mask, count, side, shape, from.x + move[0], from.y + move[1], from.radius);
        if (fit.overlap > best.overlap) {
          best = fit;
        }
      }
      if (best.overlap <= from.overlap) {
        break;
      }
    }
    return best;
  }

  private static ShapeFit at(
      boolean[] mask, int count, int side, ShapeKind shape, double x, double y, double radius) {
    double reach = ShapeKind.EXTENT * radius;
    int left = Math.max(0, (int) Math.floor((x - reach) * side));
    int right = Math.min(side, (int) Math.ceil((x + reach) * side) + 1);
    int top = Math.max(0, (int) Math.floor((y - reach) * side));
    int bottom = Math.min(side, (int) Math.ceil((y + reach) * side) + 1);
    int both = 0;
    int template = 0;
    for (int v = top; v < bottom; v++) {
      double dy = ((v + 0.5) / side - y) / radius;
      for (int u = left; u < right; u++) {
        if (shape.signedDistance(((u + 0.5) / side - x) / radius, dy) <= 0) {
          template++;
          if (mask[v * side + u]) {
            both++;
          }
        }
      }
    }
    return new ShapeFit(shape, x, y, radius, (double) both / (template + count - both));
  }
}
