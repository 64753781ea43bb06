package io.scalekv.scene;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What an image shows: one object at a {@link Place}, or two in a {@link Relation}, on a
 * background. No object has the background's colour, and two objects differ in colour or shape.
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
    if (objects.isEmpty() || objects.size() > 2) {
      throw new IllegalArgumentException(
          "scene: one or two objects expected, got " + objects.size());
    }
    boolean single = arrangement instanceof Place;
    if (single != (objects.size() == 1)) {
      throw new IllegalArgumentException(
          "scene: a place for one object or a relation for two expected, got "
              + objects.size()
              + " and \""
              + arrangement.words()
              + "\"");
    }
    for (SceneObject object : objects) {
      if (object.colour() == background) {
        throw new IllegalArgumentException(
            "scene: an object of another colour than the "
                + background.word()
                + " background expected, got \""
                + object.caption()
                + "\"");
      }
    }
    if (!single
        && objects.get(0).colour() == objects.get(1).colour()
        && objects.get(0).shape() == objects.get(1).shape()) {
      throw new IllegalArgumentException(
          "scene: two objects that differ in colour or shape expected, got \""
              + objects.get(0).caption()
              + "\" and \""
              + objects.get(1).caption()
              + "\"");
    }
  }

  /** One object at a place. */
  public static Scene of(SceneObject object, Place place, Ground ground, Colour background) {
    return new Scene(List.of(object), place, ground, background);
  }

  /** Two objects, the first in the given relation to the second. */
  public static Scene of(
      SceneObject first, Relation relation, SceneObject second, Ground ground, Colour background) {
    return new Scene(List.of(first, second), relation, ground, background);
  }

  /** The place of a one-object scene. */
  public Optional<Place> place() {
    return arrangement instanceof Place place ? Optional.of(place) : Optional.empty();
  }

  /** The relation of a two-object scene. */
  public Optional<Relation> relation() {
    return arrangement instanceof Relation relation ? Optional.of(relation) : Optional.empty();
  }

  /** The caption; {@link SceneGrammar#parse} gives this scene back. */
  public String caption() {
    String where =
        objects.size() == 1
            ? " at " + arrangement.words()
            : " " + arrangement.words() + " " + objects.get(1).caption();
    return objects.get(0).caption()
        + where
        + " on a "
        + ground.word()
        + " "
        + background.word()
        + " background";
  }

  /**
   * The scene that looks the same with its objects named in the other order; a one-object scene is
   * its own mirror.
   */
  public Scene mirrored() {
    return relation()
        .map(r -> of(objects.get(1), r.inverse(), objects.get(0), ground, background))
        .orElse(this);
  }
}
