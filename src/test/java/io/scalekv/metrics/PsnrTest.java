package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.RgbImage;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PsnrTest {
  @Test
  void knownDifferences() {
    byte[] black = new byte[12];
    byte[] white = new byte[12];
    java.util.Arrays.fill(white, (byte) 255);
    byte[] one = black.clone();
    one[5] = (byte) 51;
    RgbImage reference = RgbImage.of(2, 2, black);
    assertEquals(0, Psnr.db(reference, RgbImage.of(2, 2, white)), 1e-12);
    // one of twelve values differs by a fifth
    assertEquals(10 * Math.log10(12 * 25), Psnr.db(reference, RgbImage.of(2, 2, one)), 1e-12);
    assertEquals(Double.POSITIVE_INFINITY, Psnr.db(reference, reference));
  }

  @Test
  void symmetricAndFallsWithNoise() {
    Random random = new Random(5);
    byte[] clean = new byte[300];
    random.nextBytes(clean);
    double last = Double.POSITIVE_INFINITY;
    for (int noise : new int[] {1, 4, 16, 64}) {
      byte[] noisy = clean.clone();
      for (int i = 0; i < noisy.length; i++) {
        int v = (clean[i] & 255) + random.nextInt(2 * noise + 1) - noise;
        noisy[i] = (byte) Math.max(0, Math.min(255, v));
      }
      RgbImage a = RgbImage.of(10, 10, clean);
      RgbImage b = RgbImage.of(10, 10, noisy);
      assertEquals(Psnr.db(a, b), Psnr.db(b, a));
      assertTrue(Psnr.db(a, b) < last);
      last = Psnr.db(a, b);
    }
  }

  @Test
  void sizesMustAgree() {
    RgbImage a = RgbImage.of(2, 2, new byte[12]);
    RgbImage b = RgbImage.of(1, 4, new byte[12]);
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> Psnr.db(a, b))
            .getMessage()
            .contains("2x2"));
  }

  @Test
  void sidesAreToldWhicheverIsTooSmall() {
    for (int[] sides : new int[][] {{10, 40}, {40, 10}}) {
      RgbImage image = TestImages.flat(7, sides[0], sides[1]);
      assertThrows(IllegalArgumentException.class, () -> Ssim.of(image, image));
      assertThrows(IllegalArgumentException.class, () -> MsSsim.of(image, image));
    }
  }

  @Test
  void meanErrorOfSeveralImages() {
    double inf = Double.POSITIVE_INFINITY;
    assertEquals(20, Psnr.ofMeanError(20, 20), 1e-12);
    assertEquals(-10 * Math.log10((0.01 + 0.001 + 0) / 3), Psnr.ofMeanError(20, 30, inf), 1e-12);
    assertEquals(inf, Psnr.ofMeanError(inf, inf));
    assertEquals(Double.NaN, Psnr.ofMeanError());

    Interval i = Psnr.ofMeanError(new double[][] {{20, 30}, {inf, 25}, {22, 21}});
    assertEquals(Psnr.ofMeanError(20, 30, inf, 25, 22, 21), i.mean(), 1e-12);
    assertTrue(i.low() < i.mean() && i.mean() < i.high(), i::toString);
    assertEquals(6, i.n(), "identical images count");
    assertFalse(Psnr.ofMeanError(new double[][] {{inf}, {20}}).hasInterval());
    assertEquals(inf, Psnr.ofMeanError(new double[][] {{inf}, {inf}}).ranked());
  }
}
