package io.scalekv.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ContactSheetTest {
  private static final RgbImage RED = filled(0xe00000);
  private static final RgbImage BLUE = filled(0x0000e0);

  @Test
  void putsImagesInAGrid() {
    RgbImage sheet = ContactSheet.of(List.of(RED, BLUE, BLUE), List.of("", "", ""), 2, 3);
    int run = 3 * 30;
    assertEquals(6 + 2 * (run + 6), sheet.width());
    assertEquals(6 + 2 * (run + 6), sheet.height());
    assertEquals(0xffffff, sheet.packed(5, 5));
    assertEquals(0xe00000, sheet.packed(6, 6));
    assertEquals(0xe00000, sheet.packed(6 + run - 1, 6 + run - 1));
    assertEquals(0xffffff, sheet.packed(6 + run, 6));
    assertEquals(0x0000e0, sheet.packed(6 + run + 6, 6));
    assertEquals(0x0000e0, sheet.packed(6, 6 + run + 6));
    assertEquals(0xffffff, sheet.packed(6 + run + 6, 6 + run + 6), "no fourth image");
  }

  @Test
  void writesAndWrapsLabels() {
    String longLabel = "a large striped red circle above a large solid blue ring";
    RgbImage one = ContactSheet.of(List.of(RED), List.of("ring"), 1, 3);
    RgbImage many = ContactSheet.of(List.of(RED), List.of(longLabel), 1, 3);
    RgbImage unbroken = ContactSheet.of(List.of(RED), List.of("x".repeat(60)), 1, 3);
    assertTrue(darkPixelsBelow(one, 6 + 90) > 10, "letters are drawn");
    assertTrue(many.height() > one.height(), "a long label takes more lines");
    assertTrue(unbroken.height() > one.height(), "a long word is broken");
    assertEquals(one.width(), many.width());
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThrows(IllegalArgumentException.class, () -> ContactSheet.of(List.of(), List.of(), 1, 1));
    assertThrows(
        IllegalArgumentException.class, () -> ContactSheet.of(List.of(RED), List.of(), 1, 1));
    assertThrows(
        IllegalArgumentException.class, () -> ContactSheet.of(List.of(RED), List.of(""), 0, 1));
  }

  private static int darkPixelsBelow(RgbImage image, int top) {
    int dark = 0;
    for (int y = top; y < image.height(); y++) {
      for (int x = 0; x < image.width(); x++) {
        dark += (image.packed(x, y) >> 8 & 255) < 100 ? 1 : 0;
      }
    }
    return dark;
  }

  private static RgbImage filled(int packed) {
    int[] pixels = new int[30 * 30];
    Arrays.fill(pixels, packed);
    return RgbImage.ofPacked(30, 30, pixels);
  }
}
