package io.scalekv.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PngTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "7, 3, 2", "64, 64, 3"})
  void writesWhatItReads(int width, int height, long seed) throws IOException {
    RgbImage image = noise(width, height, seed);
    Path file = folder.resolve("deeper/image.png");
    Png.write(image, file);
    assertEquals(image, Png.read(file));
    byte[] first = Files.readAllBytes(file);
    Png.write(image, file);
    assertArrayEquals(first, Files.readAllBytes(file), "same image, same bytes");
    try (Stream<Path> files = Files.list(file.getParent())) {
      assertEquals(List.of(file), files.toList(), "no temporary file stays");
    }
  }

  @Test
  void keepsGreySamples() throws IOException {
    BufferedImage grey = new BufferedImage(256, 1, BufferedImage.TYPE_BYTE_GRAY);
    for (int x = 0; x < 256; x++) {
      grey.getRaster().setSample(x, 0, 0, x);
    }
    Path file = folder.resolve("grey.png");
    ImageIO.write(grey, "png", file.toFile());
    RgbImage read = Png.read(file);
    for (int x = 0; x < 256; x++) {
      assertEquals(x * 0x010101, read.packed(x, 0));
    }
  }

  @Test
  void namesTheFileThatIsNoImage() throws IOException {
    Path file = folder.resolve("text.png");
    Files.writeString(file, "no image");
    IllegalArgumentException other =
        assertThrows(IllegalArgumentException.class, () -> Png.read(file));
    assertTrue(other.getMessage().startsWith(file.toString()), other.getMessage());
    byte[] cut = Arrays.copyOf(Png.encode(noise(20, 20, 1)), 60);
    Files.write(file, cut);
    IllegalArgumentException broken =
        assertThrows(IllegalArgumentException.class, () -> Png.read(file));
    assertTrue(broken.getMessage().startsWith(file.toString()), broken.getMessage());
    assertThrows(NoSuchFileException.class, () -> Png.read(folder.resolve("missing.png")));
  }

  private static RgbImage noise(int width, int height, long seed) {
    byte[] rgb = new byte[3 * width * height];
    new SplittableRandom(seed).nextBytes(rgb);
    return RgbImage.of(width, height, rgb);
  }
}
