package io.scalekv.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import java.util.ArrayList;
import java.util.List;

/** Conversion between images and arrays [N,3,Y,X] in −1..1. */
public final class Pixels {
  private static final float[] LEVELS = new float[256];

  static {
    for (int i = 0; i < LEVELS.length; i++) {
      LEVELS[i] = i / 127.5f - 1;
    }
  }

  private Pixels() {}

  /**
   * Returns images as one array.
   *
   * @param manager owner of the result
   * @param images at least one, all of one size Y×X
   * @return [N,3,Y,X] in −1..1
   */
  public static NDArray toArray(NDManager manager, List<RgbImage> images) {
    int width = images.get(0).width();
    int height = images.get(0).height();
    int plane = width * height;
    float[] data = new float[images.size() * 3 * plane];
    int at = 0;
    for (RgbImage image : images) {
      Require.that(
          image.width() == width && image.height() == height,
          "images must all be %dx%d, got %s",
          width,
          height,
          image);
      byte[] rgb = image.rgb();
      for (int c = 0; c < 3; c++) {
        for (int i = 0; i < plane; i++) {
          data[at++] = LEVELS[rgb[3 * i + c] & 0xff];
        }
      }
    }
    return NativeCopy.of(manager, data, new Shape(images.size(), 3, height, width));
  }

  /**
   * Returns an array as images: clamped to −1..1, scaled to 0..255 and cut to integers, as upstream
   * does.
   *
   * @param pixels [N,3,Y,X]
   */
  public static List<RgbImage> toImages(NDArray pixels) {
    Shape s = pixels.getShape();
    int height = (int) s.get(2);
    int width = (int) s.get(3);
    int plane = width * height;
    float[] data = pixels.toFloatArray();
    List<RgbImage> images = new ArrayList<>();
    for (int n = 0; n < s.get(0); n++) {
      byte[] rgb = new byte[3 * plane];
      for (int c = 0; c < 3; c++) {
        for (int i = 0; i < plane; i++) {
          float x = Math.max(-1f, Math.min(1f, data[(n * 3 + c) * plane + i]));
          rgb[3 * i + c] = (byte) (int) ((x + 1) / 2 * 255);
        }
      }
      images.add(RgbImage.of(width, height, rgb));
    }
    return images;
  }
}
