package io.scalekv.scene;

import io.scalekv.scene.Faithfulness.ObjectMatch;
import java.util.List;
import java.util.function.Function;

/**
 * Rate of right cases that a {@link FaithfulnessTally} counts. The last five follow the tasks of
 * GenEval (Ghosh et al. 2023, "GenEval: An object-focused framework for evaluating text-to-image
 * alignment"), the shape in place of the class of an object.
 */
public enum FaithfulnessRate {
  /** Cases: all images. Right: the background's colour. */
  BACKGROUND("background", f -> List.of(f.backgroundColour())),
  /** Cases: all images. Right: plain or gradient. */
  GROUND("ground", f -> List.of(f.ground())),
  /** Cases: all images. Right: exactly the named number of objects was detected. */
  COUNT("count", f -> List.of(f.objectCount())),
  /** Cases: all images. Right: the place of one object, or the relation of two. */
  PLACE_OR_RELATION("placeOrRelation", f -> List.of(f.placeOrRelation())),
  /** Cases: all named objects of all images, missing ones too. Right: the colour. */
  OBJECT_COLOUR("objectColour", f -> each(f, ObjectMatch::colour)),
  /** Cases: all named objects of all images, missing ones too. Right: the shape. */
  OBJECT_SHAPE("objectShape", f -> each(f, ObjectMatch::shape)),
  /** Cases: all named objects of all images, missing ones too. Right: the size. */
  OBJECT_SIZE("objectSize", f -> each(f, ObjectMatch::size)),
  /** Cases: all named objects of all images, missing ones too. Right: the texture. */
  OBJECT_TEXTURE("objectTexture", f -> each(f, ObjectMatch::texture)),
  /**
   * Cases: images of two-object scenes. Right: two objects detected, the relation holds, both
   * colours and both shapes ({@link Faithfulness#bothObjectsRight}).
   */
  BOTH_OBJECTS("bothObjects", f -> of(2, f, f.bothObjectsRight())),
  /** Cases: images of one-object scenes. Right: one object detected, of the named shape. */
  SINGLE_OBJECT("singleObject", f -> of(1, f, f.objectCount() && f.allObjects(ObjectMatch::shape))),
  /** Cases: images of two-object scenes. Right: both shapes were found. */
  TWO_OBJECTS("twoObjects", f -> of(2, f, f.allObjects(ObjectMatch::shape))),
  /** Cases: images of one-object scenes. Right: shape and colour of the object. */
  COLOUR("colour", f -> of(1, f, f.allObjects(m -> m.shape() && m.colour()))),
  /** Cases: images of two-object scenes. Right: both shapes, and the relation holds. */
  POSITION("position", f -> of(2, f, f.placeOrRelation() && f.allObjects(ObjectMatch::shape))),
  /** Cases: images of two-object scenes. Right: both shapes, each with its own colour. */
  COLOUR_ATTRIBUTION(
      "colourAttribution", f -> of(2, f, f.allObjects(m -> m.shape() && m.colour())));

  private final String key;
  private final Function<Faithfulness, List<Boolean>> cases;

  FaithfulnessRate(String key, Function<Faithfulness, List<Boolean>> cases) {
    this.key = key;
    this.cases = cases;
  }

  /** Returns the name in result files, in camel case. */
  public String key() {
    return key;
  }

  /** Returns for each case in an image whether it is right. */
  List<Boolean> cases(Faithfulness image) {
    return cases.apply(image);
  }

  private static List<Boolean> each(Faithfulness image, Function<ObjectMatch, Boolean> right) {
    return image.objects().stream().map(right).toList();
  }

  private static List<Boolean> of(int objects, Faithfulness image, boolean right) {
    return image.objects().size() == objects ? List.of(right) : List.of();
  }
}
