package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import io.scalekv.scene.SceneRenderer;
import io.scalekv.scene.Scenes;
import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;

/** Pictures for the tests. */
final class TestImages {
  private TestImages() {}

  static RgbImage noise(long seed, int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(seed).nextBytes(rgb);
    return RgbImage.of(width, height, rgb);
  }

  static RgbImage flat(int value, int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    Arrays.fill(rgb, (byte) value);
    return RgbImage.of(width, height, rgb);
  }

  static RgbImage scene(long seed, int side) {
    return SceneRenderer.render(Scenes.seeded(seed).next(), new SplittableRandom(seed), side);
  }

  /** The image with noise of up to {@code most} grey levels. */
  static RgbImage noisy(RgbImage image, int most, long seed) {
    Random random = new Random(seed);
    byte[] rgb = image.rgb();
    for (int i = 0; i < rgb.length; i++) {
      int v = (rgb[i] & 255) + random.nextInt(2 * most + 1) - most;
      rgb[i] = (byte) Math.max(0, Math.min(255, v));
    }
    return RgbImage.of(image.width(), image.height(), rgb);
  }
}
