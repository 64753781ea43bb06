package io.scalekv.scene;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.RgbImage;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SegmenterTest {
  /** Side, blur and noise; 0.7 pixels and 4 of 255 together are about 30 dB. */
  @ParameterizedTest
  @CsvSource({"64, 0, 0, 300", "96, 0, 0, 100", "64, 0.7, 4, 200", "96, 0.7, 4, 60"})
  void readsNearlyEveryAttribute(int side, double sigma, double noise, int images) {
    SceneSampler sampler = Scenes.seeded(41);
    SplittableRandom random = new SplittableRandom(42);
    FaithfulnessTally tally = FaithfulnessTally.create();
    for (int i = 0; i < images; i++) {
      Scene scene = sampler.next();
      RgbImage image = SceneRenderer.render(scene, random, side);
      RgbImage seen = Degrade.blurAndNoise(image, sigma, noise, random);
      tally.accept(Faithfulness.of(scene, Segmenter.read(seen)));
    }
    for (FaithfulnessRate rate : FaithfulnessRate.values()) {
      assertTrue(tally.rate(rate) >= 0.99, rate + ": " + tally.rate(rate));
    }
  }

  @Test
  void measuresCentreRadiusAndArea() {
    SceneSampler sampler = Scenes.seeded(43);
    SplittableRandom random = new SplittableRandom(44);
    for (int i = 0; i < 100; i++) {
      Scene scene = sampler.next(SceneSampler.Level.SINGLE);
      SceneLayout layout = SceneLayout.of(scene, random);
      SceneLayout.Placed placed = layout.objects().get(0);
      SceneReading reading = Segmenter.read(SceneRenderer.render(scene, layout, 64));
      assertEquals(1, reading.objects().size(), scene.caption());
      DetectedObject seen = reading.objects().get(0);
      assertEquals(placed.x(), seen.x(), 0.012, scene.caption());
      assertEquals(placed.y(), seen.y(), 0.012, scene.caption());
      assertEquals(placed.radius(), seen.radius(), 0.1 * placed.radius(), scene.caption());
      double area = scene.objects().get(0).shape().unitArea() * Math.pow(placed.radius(), 2);
      assertEquals(area, seen.area(), 0.1 * area, scene.caption());
    }
  }

  @ParameterizedTest
  @EnumSource(Colour.class)
  void findsNothingOnAnEmptyBackground(Colour colour) {
    int[] pixels = new int[64 * 64];
    Arrays.fill(pixels, Scenes.rgb(colour));
    SceneReading reading = Segmenter.read(RgbImage.ofPacked(64, 64, pixels));
    assertEquals(new SceneReading(colour, Ground.PLAIN, List.of()), reading);
  }

  /** Two touching rectangles of different colours are two objects. */
  @Test
  void splitsTouchingObjectsByColour() {
    int[] pixels = new int[64 * 64];
    for (int i = 0; i < pixels.length; i++) {
      int x = i % 64;
      int y = i / 64;
      boolean inside = y >= 20 && y < 44 && x >= 8 && x < 56;
      pixels[i] = inside ? Scenes.rgb(x < 32 ? Colour.RED : Colour.BLUE) : Scenes.rgb(Colour.WHITE);
    }
    SceneReading reading = Segmenter.read(RgbImage.ofPacked(64, 64, pixels));
    assertEquals(Colour.WHITE, reading.background());
    assertEquals(
        List.of(Colour.RED, Colour.BLUE),
        reading.objects().stream().map(DetectedObject::colour).sorted().toList());
    assertTrue(reading.objects().stream().allMatch(o -> o.shape() == ShapeKind.SQUARE));
  }

  @Test
  void acceptsAnythingSquare() {
    SplittableRandom random = new SplittableRandom(45);
    byte[] noise = new byte[3 * 48 * 48];
    random.nextBytes(noise);
    SceneReading reading = Segmenter.read(RgbImage.of(48, 48, noise));
    assertTrue(reading.objects().stream().allMatch(o -> o.area() > 0.01 && o.area() <= 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> Segmenter.read(RgbImage.of(48, 16, new byte[3 * 48 * 16])));
  }
}
