package io.scalekv.scene;

import java.util.Locale;

/** The two sizes of an object. */
public enum ObjectSize {
  SMALL(0.17),
  LARGE(0.25);

  private final String word = name().toLowerCase(Locale.ROOT);
  private final double radius;

  ObjectSize(double radius) {
    this.radius = radius;
  }

  /** The caption's word, for example {@code small}. */
  public String word() {
    return word;
  }

  /** The nominal radius as a part of the image's side. */
  public double radius() {
    return radius;
  }
}
