package io.scalekv.scene;

import io.scalekv.io.Require;
import java.util.List;
import java.util.Objects;

/**
 * Scene of an image: one object at a {@link Place}, or two in a {@link Relation}, on a background.
 * No object has the background's colour, and two objects differ in colour or shape.
 *
 * @param objects one or two, in the caption's order
 * @param arrangement a place for one object, a relation for two
 * @param ground how the background is filled
 * @param background the background's colour
 */
public record Scene(
    List<SceneObject> objects, Arrangement arrangement, Ground ground, Colour background) {
  /** Checks the rules above. */
  public Scene {
    objects = List.copyOf(objects);
    Objects.requireNonNull(arrangement, "arrangement");
    Objects.requireNonNull(ground, "ground");
    Objects.requireNonNull(background, "background");
    int count = objects.size();
    Require.that(count == 1 || count == 2, "objects of a scene must be one or two, got %d", count);
    boolean single = arrangement instanceof Place;
    Require.that(
        single == (count == 1),
        "arrangement must be a place of one object or a relation of two, got %s of %d",
        arrangement.words(),
        count);
    for (SceneObject object : objects) {
      Require.that(
          object.colour() != background,
          "object must be of another colour than the background, got %s",
          object.caption());
    }
    Require.that(
        single
            || objects.get(0).colour() != objects.get(1).colour()
            || objects.get(0).shape() != objects.get(1).shape(),
        "objects must be different in colour or shape, got %s",
        objects);
  }

  /** Returns a scene of one object at a place. */
  public static Scene of(SceneObject object, Place place, Ground ground, Colour background) {
    return new Scene(List.of(object), place, ground, background);
  }

  /** Returns a scene of two objects, the first in a relation to the second. */
  public static Scene of(
      SceneObject first, Relation relation, SceneObject second, Ground ground, Colour background) {
    return new Scene(List.of(first, second), relation, ground, background);
  }

  /** Returns the caption; {@link SceneGrammar#parse} restores the scene. */
  public String caption() {
    String where =
        objects.size() == 1
            ? "at " + arrangement.words()
            : arrangement.words() + " " + objects.get(1).caption();
    return "%s %s on a %s %s background"
        .formatted(objects.get(0).caption(), where, ground.word(), background.word());
  }

  /**
   * Returns the scene with the same appearance and its objects in the other order; a one-object
   * scene is its own mirror.
   */
  public Scene mirrored() {
    return arrangement instanceof Relation relation
        ? of(objects.get(1), relation.inverse(), objects.get(0), ground, background)
        : this;
  }
}
