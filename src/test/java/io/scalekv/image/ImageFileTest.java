package io.scalekv.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.ImageFile.Options;
import io.scalekv.image.ImageFile.Trait;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pixels of every kind of file against those of Pillow 13. */
final class ImageFileTest {
  private static final Path ODD = Path.of("src/test/resources/io/scalekv/image/odd");
  private static TensorSource expected;

  @TempDir Path folder;

  @BeforeAll
  static void open() {
    expected = TensorSource.open(ODD.resolve("decoded.safetensors"));
  }

  @AfterAll
  static void close() {
    expected.close();
  }

  static Stream<String> files() throws IOException {
    try (Stream<Path> all = Files.list(ODD)) {
      return all
          .map(f -> f.getFileName().toString())
          .filter(f -> !f.endsWith(".safetensors"))
          .collect(Collectors.toCollection(TreeSet::new))
          .stream();
    }
  }

  private static int largest(RgbImage image, String tensor) {
    long[] shape = expected.info(tensor).shape();
    assertEquals(shape[0], image.height());
    assertEquals(shape[1], image.width());
    long[] wanted = expected.longs(tensor);
    byte[] got = image.rgb();
    int most = 0;
    for (int i = 0; i < got.length; i++) {
      most = Math.max(most, (int) Math.abs(wanted[i] - (got[i] & 0xff)));
    }
    return most;
  }

  @ParameterizedTest
  @MethodSource("files")
  void pixelsAreThoseOfPillow(String name) throws IOException {
    ImageFile file = ImageFile.read(ODD.resolve(name));
    if (name.equals("grey16.png")) { // the one departure: Pillow saturates
      assertEquals(Set.of(Trait.SIXTEEN_BITS), file.traits());
      byte[] rgb = file.pixels().rgb();
      assertTrue(IntRange.of(rgb).spans(3875 >> 8, 58480 >> 8), () -> IntRange.of(rgb).toString());
      return;
    }
    boolean lossy = name.equals("lossy.webp") || name.endsWith(".jpg");
    int most = largest(file.pixels(), name + "/pillow_rgb");
    assertTrue(most <= (lossy ? 1 : 0), () -> name + " differs by " + most);
    RgbImage white = ImageFile.read(ODD.resolve(name), new Options(true, false)).pixels();
    if (expected.names().contains(name + "/on_white")) {
      assertTrue(file.traits().contains(Trait.ALPHA), name);
      assertEquals(0, largest(white, name + "/on_white"), name);
    } else {
      assertEquals(file.pixels(), white);
    }
  }

  /** Least and largest byte. */
  private record IntRange(int least, int most) {
    static IntRange of(byte[] bytes) {
      int least = 255;
      int most = 0;
      for (byte b : bytes) {
        least = Math.min(least, b & 0xff);
        most = Math.max(most, b & 0xff);
      }
      return new IntRange(least, most);
    }

    boolean spans(int from, int to) {
      return least == from && most == to;
    }
  }

  @Test
  void traitsAreReported() throws IOException {
    assertEquals(Set.of(Trait.CMYK), ImageFile.read(ODD.resolve("cmyk.jpg")).traits());
    assertEquals(Set.of(Trait.SIXTEEN_BITS), ImageFile.read(ODD.resolve("rgb16.png")).traits());
    assertEquals(
        Set.of(Trait.SIXTEEN_BITS, Trait.ALPHA),
        ImageFile.read(ODD.resolve("rgba16.png")).traits());
    assertEquals(Set.of(), ImageFile.read(ODD.resolve("rgba8-opaque.png")).traits());
    assertEquals(Set.of(), ImageFile.read(ODD.resolve("palette-2bit.png")).traits());
  }

  @Test
  void orientationIsAppliedOnRequest() throws IOException {
    ImageFile plain = ImageFile.read(ODD.resolve("exif-rotated.jpg"));
    ImageFile turned = ImageFile.read(ODD.resolve("exif-rotated.jpg"), new Options(false, true));
    assertEquals(Set.of(Trait.ORIENTATION), plain.traits());
    assertEquals(plain.pixels().width(), turned.pixels().height());
    assertEquals(plain.pixels().height(), turned.pixels().width());
  }

  /** Corners of a picture 3 wide and 2 high, read in rows, for each orientation. */
  @Test
  void orientationsTurnAndMirror() {
    RgbImage image = RgbImage.ofPacked(3, 2, new int[] {1, 2, 3, 4, 5, 6});
    int[][] wanted = {
      {1, 2, 3, 4, 5, 6},
      {3, 2, 1, 6, 5, 4},
      {6, 5, 4, 3, 2, 1},
      {4, 5, 6, 1, 2, 3},
      {1, 4, 2, 5, 3, 6},
      {4, 1, 5, 2, 6, 3},
      {6, 3, 5, 2, 4, 1},
      {3, 6, 2, 5, 1, 4}
    };
    for (int o = 1; o <= 8; o++) {
      RgbImage turned = Rasters.turned(image, o);
      RgbImage expectedImage = RgbImage.ofPacked(o < 5 ? 3 : 2, o < 5 ? 2 : 3, wanted[o - 1]);
      assertEquals(expectedImage, turned, "orientation " + o);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"rgba8.png", "rgb-420.jpg", "lossy.webp", "lossless.webp", "rgb.bmp", "cmyk.jpg"})
  void cutFilesAreRefusedByName(String name) throws IOException {
    byte[] whole = Files.readAllBytes(ODD.resolve(name));
    for (int length : new int[] {0, 3, 20, 40}) {
      Path cut = Files.write(folder.resolve(name), Arrays.copyOf(whole, length));
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> ImageFile.read(cut));
      assertTrue(e.getMessage().startsWith(cut + " "), e.getMessage());
      assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    }
  }
}
