package io.scalekv.scene;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.RgbImage;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SceneRendererTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void theSeedDecides(long seed) {
    Scene scene = Scenes.seeded(seed).next();
    RgbImage image = SceneRenderer.render(scene, new SplittableRandom(seed), 64);
    assertEquals(image, SceneRenderer.render(scene, new SplittableRandom(seed), 64));
    assertNotEquals(image, SceneRenderer.render(scene, new SplittableRandom(seed + 1), 64));
  }

  @Test
  void theJitterDoesNotDependOnTheSide() {
    SplittableRandom small = new SplittableRandom(5);
    SplittableRandom large = new SplittableRandom(5);
    SceneSampler sampler = Scenes.seeded(5);
    for (int i = 0; i < 10; i++) {
      Scene scene = sampler.next();
      SceneRenderer.render(scene, small, 32);
      SceneRenderer.render(scene, large, 128);
      assertEquals(small.nextLong(), large.nextLong());
    }
  }

  /** Oracle by 5 x 5 points per pixel. */
  @ParameterizedTest
  @ValueSource(ints = {64, 96})
  void isCloseToSupersampling(int side) {
    SceneSampler sampler = Scenes.seeded(31);
    SplittableRandom jitter = new SplittableRandom(32);
    for (int i = 0; i < 20; i++) {
      Scene scene = sampler.next();
      SceneLayout layout = SceneLayout.of(scene, jitter);
      RgbImage image = SceneRenderer.render(scene, layout, side);
      double[] expected = supersampled(scene, layout, side);
      byte[] rgb = image.rgb();
      double squares = 0;
      for (int k = 0; k < rgb.length; k++) {
        double d = (rgb[k] & 0xff) - expected[k];
        squares += d * d;
      }
      double psnr = 10 * Math.log10(255.0 * 255.0 * rgb.length / squares);
      assertTrue(psnr > 34, scene.caption() + ": " + psnr + " dB");
    }
  }

  @ParameterizedTest
  @EnumSource(Colour.class)
  void backgroundsRunFromTheColourToItsVariant(Colour colour) {
    Colour other = colour == Colour.RED ? Colour.BLUE : Colour.RED;
    SceneObject ring = new SceneObject(ObjectSize.SMALL, Texture.SOLID, other, ShapeKind.RING);
    for (Ground ground : Ground.values()) {
      RgbImage image =
          SceneRenderer.render(
              Scene.of(ring, Place.CENTER, ground, colour), new SplittableRandom(1), 64);
      assertEquals(Scenes.rgb(colour), image.packed(0, 0));
      assertEquals(
          ground == Ground.PLAIN ? Scenes.rgb(colour) : variantRgb(colour), image.packed(63, 63));
    }
  }

  @ParameterizedTest
  @EnumSource(ShapeKind.class)
  void coversTheShapesArea(ShapeKind shape) {
    SceneObject object = new SceneObject(ObjectSize.LARGE, Texture.SOLID, Colour.WHITE, shape);
    Scene scene = Scene.of(object, Place.CENTER, Ground.PLAIN, Colour.BLACK);
    SceneLayout layout = SceneLayout.of(scene, new SplittableRandom(2));
    RgbImage image = SceneRenderer.render(scene, layout, 128);
    double covered = 0;
    double sumY = 0;
    for (int y = 0; y < 128; y++) {
      for (int x = 0; x < 128; x++) {
        double alpha = ((image.packed(x, y) >> 16) - 14) / 234.0;
        covered += alpha / (128 * 128);
        sumY += alpha * (y + 0.5) / 128 / (128 * 128);
      }
    }
    SceneLayout.Placed placed = layout.objects().get(0);
    double radius = placed.radius();
    assertEquals(shape.unitArea() * radius * radius, covered, 0.01 * covered);
    assertEquals(placed.y() + shape.centroidY() * radius, sumY / covered, 0.002);
  }

  @Test
  void refusesATinySide() {
    Scene scene = Scenes.seeded(1).next();
    assertThrows(
        IllegalArgumentException.class,
        () -> SceneRenderer.render(scene, new SplittableRandom(1), 7));
  }

  private static double[] supersampled(Scene scene, SceneLayout layout, int side) {
    int points = 5;
    double[] out = new double[3 * side * side];
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        for (int k = 0; k < points * points; k++) {
          int row = k / points;
          double u = (x + (k % points + 0.5) / points) / side;
          double v = (y + (row + 0.5) / points) / side;
          Colour colour = scene.background();
          double t = scene.ground() == Ground.GRADIENT ? (double) y / (side - 1) : 0;
          for (int i = 0; i < scene.objects().size(); i++) {
            SceneObject object = scene.objects().get(i);
            SceneLayout.Placed placed = layout.objects().get(i);
            double dx = u - placed.x();
            double dy = v - placed.y();
            if (object.shape().signedDistance(dx / placed.radius(), dy / placed.radius()) < 0) {
              colour = object.colour();
              boolean oddRow = odd(dy / 0.16 + placed.phaseY());
              boolean oddColumn = odd(dx / 0.16 + placed.phaseX());
              boolean variant =
                  switch (object.texture()) {
                    case SOLID -> false;
                    case STRIPED -> oddRow;
                    case CHECKERED -> oddRow != oddColumn;
                  };
              t = variant ? 1 : 0;
            }
          }
          int pure = Scenes.rgb(colour);
          int variant = variantRgb(colour);
          for (int c = 0; c < 3; c++) {
            int shift = 16 - 8 * c;
            double a = pure >> shift & 0xff;
            double b = variant >> shift & 0xff;
            out[3 * (y * side + x) + c] += (a + t * (b - a)) / (points * points);
          }
        }
      }
    }
    return out;
  }

  private static boolean odd(double periods) {
    return periods - Math.floor(periods) >= 0.5;
  }

  private static int variantRgb(Colour colour) {
    return colour.variant(0) << 16 | colour.variant(1) << 8 | colour.variant(2);
  }
}
