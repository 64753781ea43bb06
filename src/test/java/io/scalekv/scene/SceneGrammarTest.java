package io.scalekv.scene;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SceneGrammarTest {
  @ParameterizedTest
  @EnumSource(SceneSampler.Level.class)
  void everyCaptionParsesBack(SceneSampler.Level level) {
    SceneSampler sampler = Scenes.seeded(11);
    for (int i = 0; i < 2000; i++) {
      Scene scene = sampler.next(level);
      assertEquals(scene, SceneGrammar.parse(scene.caption()));
      assertEquals(scene, scene.mirrored().mirrored());
    }
  }

  @Test
  void readsTwoObjects() {
    Scene scene =
        SceneGrammar.parse(
            "A large striped red circle  above a large solid blue ring on a gradient green"
                + " background");
    SceneObject circle =
        new SceneObject(ObjectSize.LARGE, Texture.STRIPED, Colour.RED, ShapeKind.CIRCLE);
    SceneObject ring =
        new SceneObject(ObjectSize.LARGE, Texture.SOLID, Colour.BLUE, ShapeKind.RING);
    assertEquals(Scene.of(circle, Relation.ABOVE, ring, Ground.GRADIENT, Colour.GREEN), scene);
    assertEquals(
        "a large solid blue ring below a large striped red circle on a gradient green background",
        scene.mirrored().caption());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a large red striped circle | caption word 3 must be a texture (solid, striped, checkered)",
        "large solid red circle | caption word 1 must be \"a\", got \"large\"",
        "a large solid red circle left a small | caption word 7 must be \"of\", got \"a\"",
        "a large solid red circle | caption word 6 must be \"at\" or a relation",
        "a large solid red circle at left on a plain blue | caption word 12 ",
        "a large solid red circle at left on a plain blue background a | caption word 13 must be"
            + " the end",
        "a large solid red circle at above on a plain blue background | caption word 7 must be a"
            + " place",
        "a large solid red circle at left on a plain red background | object must",
        "a large solid red ring above a small solid red ring on a plain pink background |"
            + " objects must",
        "a huge solid red circle | caption word 2 ",
      })
  void namesThePlaceOfAnError(String caption, String start) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> SceneGrammar.parse(caption));
    assertTrue(e.getMessage().startsWith(start), e.getMessage());
  }

  @Test
  void aSceneNeedsAsManyObjectsAsItsArrangement() {
    SceneObject ring =
        new SceneObject(ObjectSize.LARGE, Texture.SOLID, Colour.BLUE, ShapeKind.RING);
    assertThrows(
        IllegalArgumentException.class,
        () -> new Scene(List.of(ring), Relation.ABOVE, Ground.PLAIN, Colour.RED));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Scene(List.of(), Place.LEFT, Ground.PLAIN, Colour.RED));
  }
}
