package io.scalekv.scene;

import java.util.Objects;

/** One object of a scene, as its caption names it. */
public record SceneObject(ObjectSize size, Texture texture, Colour colour, ShapeKind shape) {
  /** Checks that nothing is missing. */
  public SceneObject {
    Objects.requireNonNull(size, "size");
    Objects.requireNonNull(texture, "texture");
    Objects.requireNonNull(colour, "colour");
    Objects.requireNonNull(shape, "shape");
  }

  /** Its five words, for example {@code a large striped red circle}. */
  public String caption() {
    return "a " + size.word() + " " + texture.word() + " " + colour.word() + " " + shape.word();
  }
}
