package io.scalekv.scene;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Faithfulness of an image to its caption: a {@link Scene} against the {@link SceneReading} of the
 * image. The assignment of detected objects to those of the caption has the most right attributes:
 * colour and shape count most, then place or relation, then size and texture. Surplus detected
 * objects are ignored; all attributes of an object without a detected one are wrong.
 *
 * @param scene scene of the caption
 * @param backgroundColour the background has the named colour
 * @param ground it is plain or gradient as named
 * @param objectCount exactly as many objects were detected as named
 * @param placeOrRelation one object: the matched one's centre is nearest to the named place; two:
 *     both are matched and the relation holds between them ({@link Relation#holds})
 * @param objects one entry per named object, in the caption's order
 */
public record Faithfulness(
    Scene scene,
    boolean backgroundColour,
    boolean ground,
    boolean objectCount,
    boolean placeOrRelation,
    List<ObjectMatch> objects) {

  /**
   * Right attributes of one object of the caption.
   *
   * @param found a detected object was matched; if not, the rest is false
   */
  public record ObjectMatch(
      boolean found, boolean colour, boolean shape, boolean size, boolean texture) {
    private static final ObjectMatch MISSING = new ObjectMatch(false, false, false, false, false);

    private static ObjectMatch of(SceneObject named, DetectedObject seen) {
      return new ObjectMatch(
          true,
          named.colour() == seen.colour(),
          named.shape() == seen.shape(),
          named.size() == seen.size(),
          named.texture() == seen.texture());
    }

    private int weight() {
      return (colour ? 8 : 0) + (shape ? 8 : 0) + (size ? 2 : 0) + (texture ? 1 : 0);
    }
  }

  /** Copies the list. */
  public Faithfulness {
    objects = List.copyOf(objects);
  }

  /** Compares the scene of a caption with the reading of an image. */
  public static Faithfulness of(Scene scene, SceneReading reading) {
    Faithfulness best = null;
    int bestWeight = -1;
    for (List<Optional<DetectedObject>> assignment : assignments(scene, reading)) {
      Faithfulness candidate = compare(scene, reading, assignment);
      int weight = candidate.weight();
      if (weight > bestWeight) {
        best = candidate;
        bestWeight = weight;
      }
    }
    return best;
  }

  /**
   * Returns whether exactly two objects were detected, their relation holds, and both have their
   * colour and shape; false for a one-object scene.
   */
  public boolean bothObjectsRight() {
    return objects.size() == 2
        && objectCount
        && placeOrRelation
        && allObjects(match -> match.colour() && match.shape());
  }

  boolean allObjects(Predicate<ObjectMatch> test) {
    return objects.stream().allMatch(test);
  }

  /**
   * Returns all assignments of different detected objects, or none, to the objects of the caption.
   */
  private static List<List<Optional<DetectedObject>>> assignments(
      Scene scene, SceneReading reading) {
    List<Optional<DetectedObject>> seen = new ArrayList<>();
    reading.objects().forEach(object -> seen.add(Optional.of(object)));
    while (seen.size() < scene.objects().size()) {
      seen.add(Optional.empty());
    }
    List<List<Optional<DetectedObject>>> assignments = new ArrayList<>();
    for (int i = 0; i < seen.size(); i++) {
      if (scene.objects().size() == 1) {
        assignments.add(List.of(seen.get(i)));
        continue;
      }
      for (int j = 0; j < seen.size(); j++) {
        if (j != i) {
          assignments.add(List.of(seen.get(i), seen.get(j)));
        }
      }
    }
    return assignments;
  }

  private static Faithfulness compare(
      Scene scene, SceneReading reading, List<Optional<DetectedObject>> assignment) {
    List<ObjectMatch> matches = new ArrayList<>();
    for (int i = 0; i < assignment.size(); i++) {
      SceneObject named = scene.objects().get(i);
      matches.add(
          assignment.get(i).map(seen -> ObjectMatch.of(named, seen)).orElse(ObjectMatch.MISSING));
    }
    boolean where =
        assignment.stream().allMatch(Optional::isPresent)
            && holds(scene.arrangement(), assignment.stream().map(Optional::get).toList());
    return new Faithfulness(
        scene,
        scene.background() == reading.background(),
        scene.ground() == reading.ground(),
        scene.objects().size() == reading.objects().size(),
        where,
        matches);
  }

  private static boolean holds(Arrangement arrangement, List<DetectedObject> objects) {
    DetectedObject first = objects.get(0);
    if (arrangement instanceof Relation relation) {
      DetectedObject second = objects.get(1);
      return relation.holds(first.x() - second.x(), first.y() - second.y());
    }
    return Place.nearest(first.x(), first.y()) == arrangement;
  }

  private int weight() {
    return (placeOrRelation ? 5 : 0) + objects.stream().mapToInt(ObjectMatch::weight).sum();
  }
}
