package io.scalekv.image;

import io.scalekv.io.AtomicFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * PNG files in and out. Equal images give equal bytes (no time stamp, no text chunk), and a file is
 * either written whole or not at all.
 */
public final class Png {
  static {
    Headless.ensure();
  }

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
   * Reads the pixels of a file (any format of {@link ImageFile} does), alpha dropped.
   *
   * @throws IOException if the file cannot be read
   * @throws IllegalArgumentException if it holds no whole image of a known format
   */
  public static RgbImage read(Path file) throws IOException {
    return ImageFile.read(file).pixels();
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
}
