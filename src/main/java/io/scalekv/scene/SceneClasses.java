package io.scalekv.scene;

import io.scalekv.io.Require;

/**
 * Classes of scenes for class-conditional models: every shape in every colour on every other
 * colour. The scene of a class has one large solid object in the centre of a plain background.
 */
public final class SceneClasses {
  private static final int COLOURS = Colour.values().length;

  /** Number of classes. */
  public static final int COUNT = ShapeKind.values().length * COLOURS * (COLOURS - 1);

  private SceneClasses() {}

  /** Returns the scene of a class, 0-based: the background varies fastest, the shape slowest. */
  public static Scene scene(int index) {
    Require.between("class", index, 0, COUNT - 1);
    int background = index % (COLOURS - 1);
    int colour = index / (COLOURS - 1) % COLOURS;
    ShapeKind shape = ShapeKind.values()[index / (COLOURS - 1) / COLOURS];
    return Scene.of(
        new SceneObject(ObjectSize.LARGE, Texture.SOLID, Colour.values()[colour], shape),
        Place.CENTER,
        Ground.PLAIN,
        Colour.values()[background < colour ? background : background + 1]);
  }
}
