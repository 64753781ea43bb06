package io.scalekv.scene;

import static io.scalekv.scene.FaithfulnessRate.BOTH_OBJECTS;
import static io.scalekv.scene.FaithfulnessRate.COLOUR;
import static io.scalekv.scene.FaithfulnessRate.COLOUR_ATTRIBUTION;
import static io.scalekv.scene.FaithfulnessRate.COUNT;
import static io.scalekv.scene.FaithfulnessRate.OBJECT_COLOUR;
import static io.scalekv.scene.FaithfulnessRate.OBJECT_SHAPE;
import static io.scalekv.scene.FaithfulnessRate.POSITION;
import static io.scalekv.scene.FaithfulnessRate.SINGLE_OBJECT;
import static io.scalekv.scene.FaithfulnessRate.TWO_OBJECTS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class FaithfulnessTest {
  private static final Scene PAIR =
      SceneGrammar.parse(
          "a large solid red circle left of a small solid blue ring on a plain white background");
  private static final Scene SINGLE =
      SceneGrammar.parse("a large solid red circle at top on a gradient white background");
  private static final DetectedObject RED_CIRCLE = seen(Colour.RED, ShapeKind.CIRCLE, 0.26, 0.5);
  private static final DetectedObject BLUE_RING = seen(Colour.BLUE, ShapeKind.RING, 0.74, 0.5);

  @Test
  void allRight() {
    for (List<DetectedObject> objects :
        List.of(List.of(RED_CIRCLE, BLUE_RING), List.of(BLUE_RING, RED_CIRCLE))) {
      Faithfulness image = Faithfulness.of(PAIR, reading(objects));
      assertTrue(image.backgroundColour() && image.ground() && image.objectCount());
      assertTrue(image.placeOrRelation());
      assertTrue(image.bothObjectsRight());
      assertTrue(image.objects().get(0).size());
      assertFalse(image.objects().get(1).size(), "the small ring was seen large");
    }
  }

  @Test
  void swappedObjectsKeepTheirColours() {
    Faithfulness image =
        Faithfulness.of(
            PAIR,
            reading(
                List.of(
                    seen(Colour.RED, ShapeKind.CIRCLE, 0.74, 0.5),
                    seen(Colour.BLUE, ShapeKind.RING, 0.26, 0.5))));
    assertTrue(image.allObjects(match -> match.colour() && match.shape()));
    assertFalse(image.placeOrRelation());
    assertFalse(image.bothObjectsRight());
  }

  @Test
  void mixedColoursAreNotAttributed() {
    Faithfulness image =
        Faithfulness.of(
            PAIR,
            reading(
                List.of(
                    seen(Colour.BLUE, ShapeKind.CIRCLE, 0.26, 0.5),
                    seen(Colour.RED, ShapeKind.RING, 0.74, 0.5))));
    FaithfulnessTally tally = FaithfulnessTally.create().accept(image);
    assertEquals(1, tally.rate(TWO_OBJECTS));
    assertEquals(1, tally.rate(POSITION));
    assertEquals(0, tally.rate(COLOUR_ATTRIBUTION));
    assertEquals(0, tally.rate(BOTH_OBJECTS));
    assertEquals(1, tally.rate(OBJECT_SHAPE));
    assertEquals(0, tally.rate(OBJECT_COLOUR));
  }

  @Test
  void aMissingObjectIsWrongInEverything() {
    Faithfulness image = Faithfulness.of(PAIR, reading(List.of(BLUE_RING)));
    assertFalse(image.objectCount());
    assertFalse(image.placeOrRelation());
    assertFalse(image.objects().get(0).found());
    assertTrue(image.objects().get(1).found() && image.objects().get(1).colour());
    Faithfulness nothing = Faithfulness.of(SINGLE, reading(List.of()));
    assertFalse(nothing.objects().get(0).found());
    assertFalse(nothing.placeOrRelation());
    assertFalse(nothing.ground());
    Faithfulness none = Faithfulness.of(PAIR, reading(List.of()));
    assertTrue(none.objects().stream().noneMatch(Faithfulness.ObjectMatch::found));
  }

  @Test
  void aThirdObjectChangesOnlyTheCount() {
    DetectedObject third = seen(Colour.GREEN, ShapeKind.CROSS, 0.5, 0.9);
    Faithfulness image = Faithfulness.of(PAIR, reading(List.of(third, RED_CIRCLE, BLUE_RING)));
    assertFalse(image.objectCount());
    assertFalse(image.bothObjectsRight());
    assertTrue(image.placeOrRelation());
    assertTrue(image.allObjects(match -> match.colour() && match.shape()));
  }

  @Test
  void placesOneObject() {
    Faithfulness right =
        Faithfulness.of(SINGLE, reading(List.of(seen(Colour.RED, ShapeKind.RING, 0.5, 0.3))));
    assertTrue(right.placeOrRelation());
    assertFalse(right.bothObjectsRight());
    FaithfulnessTally tally = FaithfulnessTally.create().accept(right);
    assertEquals(0, tally.rate(SINGLE_OBJECT), "the shape is wrong");
    assertEquals(0, tally.rate(COLOUR));
    assertFalse(Faithfulness.of(SINGLE, reading(List.of(RED_CIRCLE))).placeOrRelation());
  }

  @Test
  void ratesHaveTheirOwnDenominators() {
    FaithfulnessTally tally = FaithfulnessTally.create();
    assertTrue(Double.isNaN(tally.rate(COUNT)));
    tally.accept(Faithfulness.of(PAIR, reading(List.of(RED_CIRCLE, BLUE_RING))));
    assertTrue(Double.isNaN(tally.rate(SINGLE_OBJECT)));
    tally.accept(Faithfulness.of(SINGLE, reading(List.of())));
    assertEquals(2, tally.cases(COUNT));
    assertEquals(3, tally.cases(OBJECT_COLOUR));
    assertEquals(2, tally.right(OBJECT_COLOUR));
    assertEquals(1, tally.cases(BOTH_OBJECTS));
    assertEquals(1, tally.cases(COLOUR));
    assertEquals(2 / 3.0, tally.rate(OBJECT_SHAPE));
  }

  private static SceneReading reading(List<DetectedObject> objects) {
    return new SceneReading(Colour.WHITE, Ground.PLAIN, objects);
  }

  private static DetectedObject seen(Colour colour, ShapeKind shape, double x, double y) {
    return new DetectedObject(colour, shape, ObjectSize.LARGE, Texture.SOLID, x, y, 0.25, 0.15);
  }
}
