package io.scalekv.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RgbImageTest {
  private static final byte[] SIX = {1, 2, 3, (byte) 200, (byte) 201, (byte) 255};

  @Test
  void readsItsPixels() {
    RgbImage image = RgbImage.of(2, 1, SIX);
    assertEquals(0x010203, image.packed(0, 0));
    assertEquals(200, image.packed(1, 0) >> 16);
    assertEquals(201, image.packed(1, 0) >> 8 & 255);
    assertEquals(255, image.packed(1, 0) & 255);
    assertEquals(image, RgbImage.ofPacked(2, 1, new int[] {0xff010203, 0xc8c9ff}));
  }

  @Test
  void isEqualByContentAndShape() {
    RgbImage image = RgbImage.of(2, 1, SIX);
    assertEquals(image, RgbImage.of(2, 1, SIX.clone()));
    assertEquals(image.hashCode(), RgbImage.of(2, 1, SIX.clone()).hashCode());
    assertNotEquals(image, RgbImage.of(1, 2, SIX));
    byte[] other = SIX.clone();
    other[5]--;
    assertNotEquals(image, RgbImage.of(2, 1, other));
  }

  @Test
  void cannotBeChangedFromOutside() {
    byte[] bytes = SIX.clone();
    RgbImage image = RgbImage.of(2, 1, bytes);
    bytes[0] = 99;
    image.rgb()[1] = 99;
    assertEquals(0x010203, image.packed(0, 0));
  }

  @Test
  void refusesWhatDoesNotFit() {
    IllegalArgumentException wrongLength =
        assertThrows(IllegalArgumentException.class, () -> RgbImage.of(2, 2, SIX));
    assertTrue(wrongLength.getMessage().endsWith("got 6"), wrongLength.getMessage());
    assertThrows(IllegalArgumentException.class, () -> RgbImage.of(0, 2, new byte[0]));
    assertThrows(IndexOutOfBoundsException.class, () -> RgbImage.of(2, 1, SIX).packed(2, 0));
  }
}
