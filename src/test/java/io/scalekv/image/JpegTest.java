package io.scalekv.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JpegTest {
  @Test
  void aFlatImageComesBackAndANoisyOneNearly() {
    byte[] flat = new byte[3 * 17 * 9];
    Arrays.fill(flat, (byte) 128);
    RgbImage grey = RgbImage.of(17, 9, flat);
    assertEquals(grey, Jpeg.decode(Jpeg.encode(grey, 100)));

    byte[] noise = new byte[3 * 17 * 9];
    for (int i = 0; i < noise.length; i += 3) {
      // grey noise: the halved colour differences lose nothing
      byte v = (byte) new Random(i).nextInt(256);
      noise[i] = v;
      noise[i + 1] = v;
      noise[i + 2] = v;
    }
    byte[] back = Jpeg.decode(Jpeg.encode(RgbImage.of(17, 9, noise), 100)).rgb();
    for (int i = 0; i < noise.length; i++) {
      assertTrue(Math.abs((noise[i] & 255) - (back[i] & 255)) <= 4, "value " + i);
    }
  }

  @Test
  void lowerQualityIsSmallerAndTheSameEveryTime() {
    byte[] noise = new byte[3 * 64 * 48];
    new Random(2).nextBytes(noise);
    RgbImage image = RgbImage.of(64, 48, noise);
    byte[] fine = Jpeg.encode(image, 90);
    byte[] coarse = Jpeg.encode(image, 10);
    assertTrue(coarse.length < fine.length / 2, coarse.length + " and " + fine.length);
    assertArrayEquals(fine, Jpeg.encode(image, 90));
    assertEquals("RgbImage[64x48]", Jpeg.decode(coarse).toString());
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 101})
  void qualityOutsideIsRefused(int quality) {
    RgbImage image = RgbImage.of(1, 1, new byte[3]);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Jpeg.encode(image, quality));
    assertTrue(e.getMessage().endsWith("got " + quality), e.getMessage());
  }

  @Test
  void otherBytesAreRefused() {
    byte[] other = {1, 2, 3, 4};
    byte[] cut = Arrays.copyOf(Jpeg.encode(RgbImage.of(8, 8, new byte[192]), 50), 100);
    assertThrows(IllegalArgumentException.class, () -> Jpeg.decode(other));
    assertThrows(IllegalArgumentException.class, () -> Jpeg.decode(cut));
  }
}
