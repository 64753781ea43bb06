package io.scalekv.scene;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SceneLayoutTest {
  private static final double EPSILON = 1e-9;

  @ParameterizedTest
  @EnumSource(SceneSampler.Level.class)
  void objectsStayInTheFrameAndApart(SceneSampler.Level level) {
    SceneSampler sampler = Scenes.seeded(21);
    SplittableRandom jitter = new SplittableRandom(22);
    for (int i = 0; i < 3000; i++) {
      Scene scene = sampler.next(level);
      SceneLayout layout = SceneLayout.of(scene, jitter);
      for (SceneLayout.Placed placed : layout.objects()) {
        double reach = ShapeKind.EXTENT * placed.radius();
        assertTrue(placed.x() - reach >= -0.012 - EPSILON, scene.caption());
        assertTrue(placed.y() - reach >= -0.012 - EPSILON, scene.caption());
        assertTrue(placed.x() + reach <= 1.012 + EPSILON, scene.caption());
        assertTrue(placed.y() + reach <= 1.012 + EPSILON, scene.caption());
      }
      if (scene.arrangement() instanceof Relation relation) {
        SceneLayout.Placed a = layout.objects().get(0);
        SceneLayout.Placed b = layout.objects().get(1);
        double distance = relation.horizontal() ? a.x() - b.x() : a.y() - b.y();
        double gap = relation.sign() * distance - ShapeKind.EXTENT * (a.radius() + b.radius());
        assertTrue(gap >= 0.045 - EPSILON, scene.caption() + ": gap " + gap);
        assertTrue(relation.holds(a.x() - b.x(), a.y() - b.y()), scene.caption());
      } else {
        SceneLayout.Placed placed = layout.objects().get(0);
        assertEquals(scene.arrangement(), Place.nearest(placed.x(), placed.y()));
      }
    }
  }

  @Test
  void relationsHoldOneWay() {
    for (Relation relation : Relation.values()) {
      double dx = relation.horizontal() ? 0.4 * relation.sign() : 0.1;
      double dy = relation.horizontal() ? 0.1 : 0.4 * relation.sign();
      for (Relation other : Relation.values()) {
        assertEquals(other == relation, other.holds(dx, dy));
      }
      assertTrue(relation.inverse().holds(-dx, -dy));
      assertEquals(relation, relation.inverse().inverse());
    }
  }
}
