package io.scalekv.scene;

/** Relation of the first of two objects to the second. */
public enum Relation implements Arrangement {
  LEFT_OF("left of", true, -1),
  RIGHT_OF("right of", true, 1),
  ABOVE("above", false, -1),
  BELOW("below", false, 1);

  private final String words;
  private final boolean horizontal;
  private final int sign;

  Relation(String words, boolean horizontal, int sign) {
    this.words = words;
    this.horizontal = horizontal;
    this.sign = sign;
  }

  @Override
  public String words() {
    return words;
  }

  /** Returns whether the objects stand side by side (else one over the other). */
  public boolean horizontal() {
    return horizontal;
  }

  /** Returns the side of the first object along the axis: -1 left or top, +1 right or bottom. */
  public int sign() {
    return sign;
  }

  /** Returns the relation of the second object to the first. */
  public Relation inverse() {
    return switch (this) {
      case LEFT_OF -> RIGHT_OF;
      case RIGHT_OF -> LEFT_OF;
      case ABOVE -> BELOW;
      case BELOW -> ABOVE;
    };
  }

  /**
   * Returns whether the relation holds for a first object {@code dx} right of and {@code dy} below
   * the second one: the offset along the relation's axis has its sign and is the larger of the two.
   */
  public boolean holds(double dx, double dy) {
    double along = horizontal ? dx : dy;
    double across = horizontal ? dy : dx;
    return along * sign > 0 && Math.abs(along) > Math.abs(across);
  }
}
