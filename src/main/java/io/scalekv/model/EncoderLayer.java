package io.scalekv.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

/**
 * Output of one layer of a tokenizer's encoder.
 *
 * @param images N
 * @param channels C
 * @param height Y
 * @param width X
 * @param values [N,C,Y,X], row-major; not copied
 */
public record EncoderLayer(int images, int channels, int height, int width, float[] values) {
  /** Copies an array [N,C,Y,X]. */
  public static EncoderLayer of(NDArray x) {
    Shape s = x.getShape();
    return new EncoderLayer(
        (int) s.get(0), (int) s.get(1), (int) s.get(2), (int) s.get(3), x.toFloatArray());
  }
}
