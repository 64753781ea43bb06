package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.tensor;

import java.nio.file.Path;
import java.util.Arrays;

/**
 * Type, shape and place of one tensor in a file.
 *
 * @param kind name of the element type in the file
 * @param shape sizes, outermost first; empty for a scalar
 * @param byteLength bytes in the file: elements × width of the type, 0 if unknown
 * @param offset first byte, counted from the start of the file
 */
public record TensorInfo(
    String name,
    StoredType type,
    String kind,
    long[] shape,
    long byteLength,
    long offset,
    Path file) {
  /** Copies the shape. */
  public TensorInfo {
    shape = shape.clone();
  }

  /** Returns a copy of the shape. */
  @Override
  public long[] shape() {
    return shape.clone();
  }

  /** Returns the number of elements, 1 for a scalar. */
  public long elements() {
    long product = 1;
    for (long size : shape) {
      product *= size;
    }
    return product;
  }

  /** Returns the index of an element by its row-major number. */
  long[] index(long element) {
    long[] index = new long[shape.length];
    long rest = element;
    for (int d = shape.length - 1; d >= 0; d--) {
      index[d] = rest % shape[d];
      rest /= shape[d];
    }
    return index;
  }

  /** Returns a text for messages: {@code tensor "w" F32 [3, 4]}. */
  @Override
  public String toString() {
    return tensor(name) + " " + kind + " " + Arrays.toString(shape);
  }
}
