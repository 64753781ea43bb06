package io.scalekv.scene;

/** Where the objects of a scene are: one object at a {@link Place}, two in a {@link Relation}. */
public sealed interface Arrangement permits Place, Relation {
  /** The caption's words, for example {@code left} or {@code left of}. */
  String words();
}
