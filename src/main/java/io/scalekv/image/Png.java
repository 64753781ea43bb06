package io.scalekv.image;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.Require;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * PNG files in and out. Equal images give equal bytes (no time stamp, no text chunk), and a file is
 * either written whole or not at all.
 */
public final class Png {
  static {
    Headless.ensure();
    ImageIO.setUseCache(false);
  }

  /** Most pixels that a byte of a file can stand for: deflate shrinks to 1/1032, a bit a pixel. */
  private static final long PIXELS_PER_BYTE = 8 * 1032;

  private Png() {}

  /** Returns the bytes of a PNG file of the image, 8 bits a channel, no alpha. */
  public static byte[] encode(RgbImage image) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      if (!ImageIO.write(toBuffered(image), "png", out)) {
        throw new IllegalStateException("this Java runtime has no PNG writer");
      }
    } catch (IOException e) {
      throw new IllegalStateException("PNG of " + image + " could not be encoded", e);
    }
    return out.toByteArray();
  }

  /**
   * Writes the image: to a temporary file in the same folder, which then replaces {@code file}. The
   * folder is created when missing.
   *
   * @throws IOException if the file system refuses
   */
  public static void write(RgbImage image, Path file) throws IOException {
    AtomicFile.write(file, encode(image));
  }

  /**
   * Reads a PNG file (any image format of ImageIO does). Grey samples are repeated in the three
   * channels, samples of 16 bits lose their lower byte, alpha is ignored.
   *
   * @throws IOException if the file cannot be read
   * @throws IllegalArgumentException if it holds no image that ImageIO knows
   */
  public static RgbImage read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    BufferedImage buffered;
    try {
      buffered = decode(bytes);
    } catch (IOException | RuntimeException e) {
      throw new IllegalArgumentException(
          file + " must be a readable PNG, got a broken one (" + e.getMessage() + ")", e);
    }
    Require.that(
        buffered != null,
        "%s must be a PNG image, got %s bytes of another format",
        file,
        bytes.length);
    return fromBuffered(buffered);
  }

  /**
   * Decodes a format that ImageIO knows; null for other formats.
   *
   * @throws IllegalArgumentException if the image claims to be larger than its bytes can be: no
   *     pixel takes fewer bits than 1, and deflate shrinks to 1/1032 at most
   */
  private static BufferedImage decode(byte[] bytes) throws IOException {
    try (ImageInputStream in = ImageIO.createImageInputStream(new ByteArrayInputStream(bytes))) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        return null;
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(in, true, true);
        long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
        if (pixels > PIXELS_PER_BYTE * bytes.length) {
          throw new IllegalArgumentException(
              "%d x %d pixels in %d bytes"
                  .formatted(reader.getWidth(0), reader.getHeight(0), bytes.length));
        }
        return reader.read(0);
      } finally {
        reader.dispose();
      }
    }
  }

  /** Returns the image as the JDK holds one. */
  public static BufferedImage toBuffered(RgbImage image) {
    int width = image.width();
    int height = image.height();
    BufferedImage buffered = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    int[] row = new int[width];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        row[x] = image.packed(x, y);
      }
      buffered.setRGB(0, y, width, 1, row, 0, width);
    }
    return buffered;
  }

  static RgbImage fromBuffered(BufferedImage buffered) {
    int width = buffered.getWidth();
    int height = buffered.getHeight();
    ColorModel model = buffered.getColorModel();
    int[] pixels;
    if (model.getColorSpace().getType() == ColorSpace.TYPE_GRAY
        && !(model instanceof IndexColorModel)) {
      // getRGB would convert grey samples through a linear colour space and change them.
      Raster raster = buffered.getRaster();
      int maximum = (1 << model.getComponentSize(0)) - 1;
      pixels = raster.getSamples(0, 0, width, height, 0, (int[]) null);
      for (int i = 0; i < pixels.length; i++) {
        int grey = maximum > 255 ? pixels[i] >> 8 : pixels[i] * 255 / maximum;
        pixels[i] = grey * 0x010101;
      }
    } else {
      pixels = buffered.getRGB(0, 0, width, height, null, 0, width);
    }
    return RgbImage.ofPacked(width, height, pixels);
  }
}
