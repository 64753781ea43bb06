package io.scalekv.scene;

/** Object of a scene, with the attributes of its caption. */
public record SceneObject(ObjectSize size, Texture texture, Colour colour, ShapeKind shape) {
  /** Returns the five words of the caption, for example {@code a large striped red circle}. */
  public String caption() {
    return "a " + size.word() + " " + texture.word() + " " + colour.word() + " " + shape.word();
  }
}
