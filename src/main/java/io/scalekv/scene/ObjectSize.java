package io.scalekv.scene;

/** Size of an object. */
public enum ObjectSize implements CaptionWord {
  SMALL(0.17),
  LARGE(0.25);

  private final double radius;

  ObjectSize(double radius) {
    this.radius = radius;
  }

  /** Returns the nominal radius as a part of the image's side. */
  public double radius() {
    return radius;
  }
}
