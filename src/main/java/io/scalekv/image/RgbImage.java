package io.scalekv.image;

import io.scalekv.io.Require;
import java.util.Arrays;

/**
 * An immutable picture of 8-bit sRGB pixels, three bytes each (red, green, blue), row-major from
 * the top left corner. Two images are equal when their sizes and all their bytes are.
 */
public final class RgbImage {
  private final int width;
  private final int height;
  private final byte[] rgb;

  private RgbImage(int width, int height, byte[] rgb) {
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  /**
   * Returns an image with a copy of the given bytes.
   *
   * @param width pixels in a row, at least 1
   * @param height rows, at least 1
   * @param rgb {@code 3 * width * height} bytes, interleaved, row-major
   * @throws IllegalArgumentException if a side is not positive or the length does not fit
   */
  public static RgbImage of(int width, int height, byte[] rgb) {
    requireLength(width, height, rgb.length);
    return new RgbImage(width, height, rgb.clone());
  }

  /** Returns an image that takes the array over: the caller no longer changes it. */
  static RgbImage owning(int width, int height, byte[] rgb) {
    requireLength(width, height, rgb.length);
    return new RgbImage(width, height, rgb);
  }

  /**
   * Returns an image from packed pixels, {@code 0xRRGGBB} each; the upper byte is ignored.
   *
   * @param pixels {@code width * height} values, row-major
   * @throws IllegalArgumentException if a side is not positive or the length does not fit
   */
  public static RgbImage ofPacked(int width, int height, int[] pixels) {
    requireLength(width, height, 3L * pixels.length);
    byte[] rgb = new byte[3 * pixels.length];
    for (int i = 0, o = 0; i < pixels.length; i++) {
      int pixel = pixels[i];
      rgb[o++] = (byte) (pixel >> 16);
      rgb[o++] = (byte) (pixel >> 8);
      rgb[o++] = (byte) pixel;
    }
    return new RgbImage(width, height, rgb);
  }

  private static void requireLength(int width, int height, long bytes) {
    Require.that(
        width >= 1 && height >= 1,
        "image sides must be at least 1 pixel, got %sx%s",
        width,
        height);
    Require.that(
        bytes == 3L * width * height,
        "image %sx%s must have %s bytes, got %s",
        width,
        height,
        3L * width * height,
        bytes);
  }

  /** Pixels in a row. */
  public int width() {
    return width;
  }

  /** Returns rows. */
  public int height() {
    return height;
  }

  /**
   * Returns a copy of the bytes: interleaved red, green, blue, row-major, {@code 3 * width *
   * height}.
   */
  public byte[] rgb() {
    return rgb.clone();
  }

  /** Returns the pixel in column {@code x}, row {@code y} as {@code 0xRRGGBB}. */
  public int packed(int x, int y) {
    int o = offset(x, y);
    return (rgb[o] & 0xff) << 16 | (rgb[o + 1] & 0xff) << 8 | rgb[o + 2] & 0xff;
  }

  private int offset(int x, int y) {
    if (x < 0 || x >= width || y < 0 || y >= height) {
      throw new IndexOutOfBoundsException(
          "pixel (" + x + ", " + y + ") of an image " + width + "x" + height);
    }
    return 3 * (y * width + x);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RgbImage that
        && width == that.width
        && height == that.height
        && Arrays.equals(rgb, that.rgb);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * width + height) + Arrays.hashCode(rgb);
  }

  @Override
  public String toString() {
    return "RgbImage[" + width + "x" + height + "]";
  }
}
