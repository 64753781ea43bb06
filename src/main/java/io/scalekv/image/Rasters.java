package io.scalekv.image;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;

/**
 * Samples of decoded images as 8-bit pixels, read from the raster: the JDK's own conversion moves
 * grey through a linear colour space and rounds 16-bit samples.
 */
final class Rasters {
  private Rasters() {}

  /** Returns the number of bands of an image's raster. */
  static int bands(BufferedImage image) {
    return image.getRaster().getNumBands();
  }

  /** Returns the colours of an image, alpha dropped; grey is repeated in the three channels. */
  static RgbImage rgb(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    Raster raster = image.getRaster();
    ColorModel model = image.getColorModel();
    byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
    if (model instanceof IndexColorModel palette) {
      int[] colours = new int[palette.getMapSize()];
      palette.getRGBs(colours);
      int[] row = new int[width];
      for (int y = 0, at = 0; y < height; y++) {
        raster.getSamples(0, y, width, 1, 0, row);
        for (int x = 0; x < width; x++) {
          int colour = row[x] < colours.length ? colours[row[x]] : 0;
          rgb[at++] = (byte) (colour >> 16);
          rgb[at++] = (byte) (colour >> 8);
          rgb[at++] = (byte) colour;
        }
      }
    } else if (!interleaved(raster, rgb)) {
      int colours = model.getNumColorComponents() == 1 ? 1 : 3;
      for (int c = 0; c < 3; c++) {
        band(raster, Math.min(c, colours - 1), model, rgb, c, 3);
      }
    }
    return RgbImage.owning(width, height, rgb);
  }

  /** Copies a raster of bytes side by side, the usual form; false for another form. */
  private static boolean interleaved(Raster raster, byte[] rgb) {
    int width = raster.getWidth();
    if (!(raster.getSampleModel() instanceof PixelInterleavedSampleModel samples)
        || !(raster.getDataBuffer() instanceof DataBufferByte buffer)
        || samples.getNumBands() < 3
        || buffer.getNumBanks() != 1
        || raster.getSampleModelTranslateX() != 0
        || raster.getSampleModelTranslateY() != 0) {
      return false;
    }
    byte[] data = buffer.getData();
    int[] offsets = samples.getBandOffsets();
    int step = samples.getPixelStride();
    for (int y = 0, to = 0; y < raster.getHeight(); y++) {
      int from = buffer.getOffset() + y * samples.getScanlineStride();
      for (int x = 0; x < width; x++, from += step, to += 3) {
        rgb[to] = data[from + offsets[0]];
        rgb[to + 1] = data[from + offsets[1]];
        rgb[to + 2] = data[from + offsets[2]];
      }
    }
    return true;
  }

  /** Returns the alpha of every pixel, 0 to 255. */
  static byte[] alpha(BufferedImage image) {
    byte[] alpha = new byte[image.getWidth() * image.getHeight()];
    Raster raster = image.getRaster();
    if (image.getColorModel() instanceof IndexColorModel palette) {
      int[] row = new int[image.getWidth()];
      for (int y = 0, at = 0; y < image.getHeight(); y++) {
        raster.getSamples(0, y, row.length, 1, 0, row);
        for (int index : row) {
          alpha[at++] = (byte) (index < palette.getMapSize() ? palette.getAlpha(index) : 255);
        }
      }
    } else {
      band(raster, raster.getNumBands() - 1, image.getColorModel(), alpha, 0, 1);
    }
    return alpha;
  }

  /** Copies one band: the high byte of samples above 8 bits, smaller ones spread over 0..255. */
  private static void band(
      Raster raster, int band, ColorModel model, byte[] to, int first, int step) {
    int bits = model.getComponentSize(Math.min(band, model.getNumComponents() - 1));
    int most = (1 << bits) - 1;
    int[] row = new int[raster.getWidth()];
    for (int y = 0, at = first; y < raster.getHeight(); y++) {
      raster.getSamples(0, y, row.length, 1, band, row);
      for (int value : row) {
        to[at] = (byte) (bits > 8 ? value >> (bits - 8) : bits == 8 ? value : value * 255 / most);
        at += step;
      }
    }
  }

  /**
   * Returns the colours of four inks: (255 − K)(255 − C)/255, rounded.
   *
   * @param inverted whether the file holds 255 − ink, as Adobe's programs write it
   * @param ycck whether the first three are luma and colour differences
   */
  static RgbImage cmyk(Raster raster, boolean inverted, boolean ycck) {
    int width = raster.getWidth();
    int height = raster.getHeight();
    byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
    int[] row = new int[4 * width];
    for (int y = 0, at = 0; y < height; y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int x = 0; x < row.length; x += 4) {
        if (ycck) {
          toInks(row, x);
        }
        int key = inverted ? row[x + 3] : 255 - row[x + 3];
        for (int c = 0; c < 3; c++) {
          int ink = inverted ? 255 - row[x + c] : row[x + c];
          int product = ink * key + 128;
          rgb[at++] = (byte) Math.max(0, key - ((product >> 8) + product >> 8));
        }
      }
    }
    return RgbImage.owning(width, height, rgb);
  }

  /** Replaces luma and colour differences (ITU-T T.871) by 255 minus red, green and blue. */
  private static void toInks(int[] row, int x) {
    double luma = row[x];
    double blue = row[x + 1] - 128;
    double red = row[x + 2] - 128;
    row[x] = 255 - clipped(luma + 1.402 * red);
    row[x + 1] = 255 - clipped(luma - 0.344136286 * blue - 0.714136286 * red);
    row[x + 2] = 255 - clipped(luma + 1.772 * blue);
  }

  private static int clipped(double value) {
    return (int) Math.max(0, Math.min(255, Math.floor(value + 0.5)));
  }

  /** Returns the image over white, rounded as Pillow's {@code alpha_composite} does. */
  static RgbImage onWhite(RgbImage image, byte[] alpha) {
    byte[] rgb = image.rgb();
    for (int p = 0, at = 0; p < alpha.length; p++) {
      int a = alpha[p] & 0xff;
      for (int c = 0; c < 3; c++, at++) {
        int sum = (rgb[at] & 0xff) * a + 255 * (255 - a) + 128;
        rgb[at] = (byte) ((sum >> 8) + sum >> 8);
      }
    }
    return RgbImage.owning(image.width(), image.height(), rgb);
  }

  /**
   * Returns the image turned and mirrored as an EXIF orientation says.
   *
   * @param orientation 1 to 8
   */
  static RgbImage turned(RgbImage image, int orientation) {
    int w = image.width();
    int h = image.height();
    boolean swapped = orientation >= 5;
    int width = swapped ? h : w;
    int height = swapped ? w : h;
    int[] pixels = new int[width * height];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int fromX = swapped ? y : x;
        int fromY = swapped ? x : y;
        boolean mirrorX =
            orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean mirrorY =
            orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        pixels[y * width + x] =
            image.packed(mirrorX ? w - 1 - fromX : fromX, mirrorY ? h - 1 - fromY : fromY);
      }
    }
    return RgbImage.ofPacked(width, height, pixels);
  }
}
