package io.scalekv.scene;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SceneSamplerTest {
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 512})
  void theSeedDecides(long seed) {
    assertEquals(draw(Scenes.seeded(seed), 50), draw(Scenes.seeded(seed), 50));
    assertNotEquals(draw(Scenes.seeded(seed), 50), draw(Scenes.seeded(seed + 1), 50));
  }

  /** The seed of the held-out captions would draw them again if they were not excluded. */
  @Test
  void neverYieldsAHeldOutScene() {
    SceneSampler whole =
        SceneSampler.withHeldOut(RandomGeneratorFactory.of("L64X128MixRandom").create(512));
    assertTrue(draw(whole, 512).stream().anyMatch(HeldOut::contains));
    for (long seed : new long[] {128, 512}) {
      assertFalse(draw(Scenes.seeded(seed), 20_000).stream().anyMatch(HeldOut::contains));
    }
  }

  @Test
  void holdsOutMirrorsToo() {
    int pairs = 0;
    for (String caption : HeldOut.CAPTIONS) {
      Scene scene = SceneGrammar.parse(caption);
      assertTrue(HeldOut.contains(SceneGrammar.parse(caption)));
      assertTrue(HeldOut.contains(scene.mirrored()));
      pairs += scene.mirrored().equals(scene) ? 0 : 1;
    }
    assertTrue(pairs > 300);
  }

  @Test
  void levelsSampleTheirPart() {
    SceneSampler sampler = Scenes.seeded(3);
    for (int i = 0; i < 500; i++) {
      Scene easy = sampler.next(SceneSampler.Level.SINGLE_SOLID_PLAIN);
      assertEquals(1, easy.objects().size());
      assertEquals(Texture.SOLID, easy.objects().get(0).texture());
      assertEquals(Ground.PLAIN, easy.ground());
      assertEquals(1, sampler.next(SceneSampler.Level.SINGLE).objects().size());
    }
  }

  /** Four standard errors around the expected share of each value; the seed is fixed. */
  @Test
  void drawsEvenly() {
    int n = 20_000;
    Map<Object, Integer> counts = new HashMap<>();
    int singles = 0;
    int objects = 0;
    for (Scene scene : draw(Scenes.seeded(9), n)) {
      singles += scene.objects().size() == 1 ? 1 : 0;
      Stream.of(scene.arrangement(), scene.background(), scene.ground())
          .forEach(value -> counts.merge(value, 1, Integer::sum));
      for (SceneObject object : scene.objects()) {
        objects++;
        Stream.of(object.shape(), object.size(), object.texture())
            .forEach(value -> counts.merge(value, 1, Integer::sum));
      }
    }
    assertShare(0.4, singles, n);
    for (Colour colour : Colour.values()) {
      assertShare(0.1, counts.get(colour), n);
    }
    for (Place place : Place.values()) {
      assertShare(0.2, counts.get(place), singles);
    }
    for (Relation relation : Relation.values()) {
      assertShare(0.25, counts.get(relation), n - singles);
    }
    for (ShapeKind shape : ShapeKind.values()) {
      assertShare(1 / 6.0, counts.get(shape), objects);
    }
    for (Texture texture : Texture.values()) {
      assertShare(1 / 3.0, counts.get(texture), objects);
    }
    for (ObjectSize size : ObjectSize.values()) {
      assertShare(0.5, counts.get(size), objects);
    }
    assertShare(0.5, counts.get(Ground.PLAIN), n);
  }

  private static void assertShare(double expected, int count, int n) {
    double error = Math.sqrt(expected * (1 - expected) / n);
    assertEquals(expected, (double) count / n, 4 * error);
  }

  private static List<Scene> draw(SceneSampler sampler, int count) {
    return Stream.generate(sampler::next).limit(count).toList();
  }
}
