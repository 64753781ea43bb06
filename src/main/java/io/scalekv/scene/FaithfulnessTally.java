package io.scalekv.scene;

import static io.scalekv.scene.FaithfulnessRate.BACKGROUND;
import static io.scalekv.scene.FaithfulnessRate.BOTH_OBJECTS;
import static io.scalekv.scene.FaithfulnessRate.COLOUR;
import static io.scalekv.scene.FaithfulnessRate.COLOUR_ATTRIBUTION;
import static io.scalekv.scene.FaithfulnessRate.COUNT;
import static io.scalekv.scene.FaithfulnessRate.GROUND;
import static io.scalekv.scene.FaithfulnessRate.OBJECT_COLOUR;
import static io.scalekv.scene.FaithfulnessRate.OBJECT_SHAPE;
import static io.scalekv.scene.FaithfulnessRate.OBJECT_SIZE;
import static io.scalekv.scene.FaithfulnessRate.OBJECT_TEXTURE;
import static io.scalekv.scene.FaithfulnessRate.PLACE_OR_RELATION;
import static io.scalekv.scene.FaithfulnessRate.POSITION;
import static io.scalekv.scene.FaithfulnessRate.SINGLE_OBJECT;
import static io.scalekv.scene.FaithfulnessRate.TWO_OBJECTS;

import io.scalekv.scene.Faithfulness.ObjectMatch;

/**
 * Counts {@link Faithfulness} over images. Partial tallies combine exactly, in any order. What each
 * rate counts, and over which cases, stands at {@link FaithfulnessRate}. Not thread-safe.
 */
public final class FaithfulnessTally {
  private final long[] right = new long[FaithfulnessRate.values().length];
  private final long[] cases = new long[FaithfulnessRate.values().length];

  private FaithfulnessTally() {}

  /** An empty tally. */
  public static FaithfulnessTally create() {
    return new FaithfulnessTally();
  }

  /** Adds one image. Returns this tally. */
  public FaithfulnessTally accept(Faithfulness image) {
    count(BACKGROUND, image.backgroundColour());
    count(GROUND, image.ground());
    count(COUNT, image.objectCount());
    count(PLACE_OR_RELATION, image.placeOrRelation());
    for (ObjectMatch match : image.objects()) {
      count(OBJECT_COLOUR, match.colour());
      count(OBJECT_SHAPE, match.shape());
      count(OBJECT_SIZE, match.size());
      count(OBJECT_TEXTURE, match.texture());
    }
    boolean shapes = image.allObjects(ObjectMatch::shape);
    boolean shapesAndColours = image.allObjects(match -> match.shape() && match.colour());
    if (image.objects().size() == 1) {
      count(SINGLE_OBJECT, image.objectCount() && shapes);
      count(COLOUR, shapesAndColours);
    } else {
      count(BOTH_OBJECTS, image.bothObjectsRight());
      count(TWO_OBJECTS, shapes);
      count(POSITION, shapes && image.placeOrRelation());
      count(COLOUR_ATTRIBUTION, shapesAndColours);
    }
    return this;
  }

  /** Adds all that another tally has counted. Returns this tally. */
  public FaithfulnessTally combine(FaithfulnessTally other) {
    for (int i = 0; i < right.length; i++) {
      right[i] += other.right[i];
      cases[i] += other.cases[i];
    }
    return this;
  }

  /** Right cases over all cases, 0 to 1; NaN if there were none. */
  public double rate(FaithfulnessRate rate) {
    return (double) right(rate) / cases(rate);
  }

  /** Cases that were right. */
  public long right(FaithfulnessRate rate) {
    return right[rate.ordinal()];
  }

  /** Cases counted: the rate's denominator. */
  public long cases(FaithfulnessRate rate) {
    return cases[rate.ordinal()];
  }

  private void count(FaithfulnessRate rate, boolean isRight) {
    cases[rate.ordinal()]++;
    if (isRight) {
      right[rate.ordinal()]++;
    }
  }
}
