package io.scalekv.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.image.RgbImage;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PixelsTest {
  private static RgbImage random(int seed, int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(seed).nextBytes(rgb);
    return RgbImage.of(width, height, rgb);
  }

  @Test
  void valuesAreWhereTheyBelong() {
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      RgbImage a = random(1, 5, 3);
      RgbImage b = random(2, 5, 3);
      NDArray x = Pixels.toArray(m, List.of(a, b));
      assertEquals(new Shape(2, 3, 3, 5), x.getShape());
      assertEquals((b.packed(4, 2) >> 8 & 255) / 127.5f - 1, x.getFloat(1, 1, 2, 4));
      assertEquals((a.packed(3, 0) & 255) / 127.5f - 1, x.getFloat(0, 2, 0, 3));
    }
  }

  /** Cutting after float arithmetic may lose one, as it does upstream, never more. */
  @Test
  void roundTripIsWithinOne() {
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      byte[] all = new byte[3 * 256];
      for (int i = 0; i < all.length; i++) {
        all[i] = (byte) i;
      }
      RgbImage before = RgbImage.of(16, 16, all);
      RgbImage after = Pixels.toImages(Pixels.toArray(m, List.of(before))).get(0);
      for (int y = 0; y < 16; y++) {
        for (int x = 0; x < 16; x++) {
          int lost = (before.packed(x, y) >> 16) - (after.packed(x, y) >> 16);
          assertTrue(lost == 0 || lost == 1, "lost " + lost);
        }
      }
    }
  }

  @Test
  void clampsAndCuts() {
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      float almostTwo = 2 * 1.999f / 255 - 1;
      float[] values = {-7, -1, 1, 9, almostTwo, 0};
      NDArray x = m.create(values, new Shape(1, 3, 1, 2));
      RgbImage image = Pixels.toImages(x).get(0);
      assertEquals(0, image.packed(0, 0) >> 16);
      assertEquals(0, image.packed(1, 0) >> 16);
      assertEquals(255, image.packed(0, 0) >> 8 & 255);
      assertEquals(255, image.packed(1, 0) >> 8 & 255);
      assertEquals(1, image.packed(0, 0) & 255, "cut, not rounded");
      assertEquals(127, image.packed(1, 0) & 255);
    }
  }

  @Test
  void sizesMustAgree() {
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      List<RgbImage> images = List.of(random(1, 4, 3), random(2, 3, 4));
      Exception e = assertThrows(IllegalArgumentException.class, () -> Pixels.toArray(m, images));
      assertTrue(e.getMessage().contains("3x4"), e.toString());
    }
  }
}
