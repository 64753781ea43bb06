package io.scalekv.scene;

/**
 * Arrangement of the objects of a scene: one object at a {@link Place}, two in a {@link Relation}.
 */
public sealed interface Arrangement permits Place, Relation {
  /** Returns the words of the caption, for example {@code left} or {@code left of}. */
  String words();
}
