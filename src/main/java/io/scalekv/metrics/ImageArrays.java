package io.scalekv.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.image.RgbImage;
import io.scalekv.tensor.NativeCopy;
import java.util.List;

/** Images of one size as native arrays. */
final class ImageArrays {
  private ImageArrays() {}

  /** [B,3,Y,X] with each byte 0..255 as {@code byte * factor + offset}. */
  static NDArray of(NDManager manager, List<RgbImage> images, float factor, float offset) {
    int width = images.get(0).width();
    int height = images.get(0).height();
    float[] values = new float[Math.multiplyExact(3 * images.size(), width * height)];
    int at = 0;
    for (RgbImage image : images) {
      byte[] rgb = image.rgb();
      for (int c = 0; c < 3; c++) {
        for (int p = c; p < rgb.length; p += 3) {
          values[at++] = (rgb[p] & 0xff) * factor + offset;
        }
      }
    }
    return NativeCopy.of(manager, values, new Shape(images.size(), 3, height, width));
  }
}
