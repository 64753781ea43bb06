package io.scalekv.scene;

import java.util.Objects;

/** Object of a scene, with the attributes of its caption. */
public record SceneObject(ObjectSize size, Texture texture, Colour colour, ShapeKind shape) {
  /** Checks that nothing is missing. */
  public SceneObject {
    Objects.requireNonNull(size, "size");
    Objects.requireNonNull(texture, "texture");
    Objects.requireNonNull(colour, "colour");
    Objects.requireNonNull(shape, "shape");
  }

  /** Returns the five words of the caption, for example {@code a large striped red circle}. */
  public String caption() {
    return "a " + size.word() + " " + texture.word() + " " + colour.word() + " " + shape.word();
  }
}
