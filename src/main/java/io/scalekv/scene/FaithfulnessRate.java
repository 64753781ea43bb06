package io.scalekv.scene;

/**
 * A share that a {@link FaithfulnessTally} counts: how many of its cases are right. The last five
 * follow the tasks of GenEval (Ghosh et al. 2023, "GenEval: An object-focused framework for
 * evaluating text-to-image alignment"), the shape standing for the class of an object.
 */
public enum FaithfulnessRate {
  /** Cases: all images. Right: the background's colour. */
  BACKGROUND("background"),
  /** Cases: all images. Right: plain or gradient. */
  GROUND("ground"),
  /** Cases: all images. Right: exactly the named number of objects was detected. */
  COUNT("count"),
  /** Cases: all images. Right: the place of one object, or the relation of two. */
  PLACE_OR_RELATION("placeOrRelation"),
  /** Cases: all named objects of all images, missing ones too. Right: the colour. */
  OBJECT_COLOUR("objectColour"),
  /** Cases: all named objects of all images, missing ones too. Right: the shape. */
  OBJECT_SHAPE("objectShape"),
  /** Cases: all named objects of all images, missing ones too. Right: the size. */
  OBJECT_SIZE("objectSize"),
  /** Cases: all named objects of all images, missing ones too. Right: the texture. */
  OBJECT_TEXTURE("objectTexture"),
  /**
   * Cases: images of two-object scenes. Right: two objects detected, the relation holds, both
   * colours and both shapes ({@link Faithfulness#bothObjectsRight}).
   */
  BOTH_OBJECTS("bothObjects"),
  /** Cases: images of one-object scenes. Right: one object detected, of the named shape. */
  SINGLE_OBJECT("singleObject"),
  /** Cases: images of two-object scenes. Right: both shapes were found. */
  TWO_OBJECTS("twoObjects"),
  /** Cases: images of one-object scenes. Right: shape and colour of the object. */
  COLOUR("colour"),
  /** Cases: images of two-object scenes. Right: both shapes, and the relation holds. */
  POSITION("position"),
  /** Cases: images of two-object scenes. Right: both shapes, each with its own colour. */
  COLOUR_ATTRIBUTION("colourAttribution");

  private final String key;

  FaithfulnessRate(String key) {
    this.key = key;
  }

  /** Name in result files, in camel case. */
  public String key() {
    return key;
  }
}
