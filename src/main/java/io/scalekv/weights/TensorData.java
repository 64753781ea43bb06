package io.scalekv.weights;

import io.scalekv.io.Require;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Tensor for files written without the native engine.
 *
 * @param type of the elements
 * @param bytes reader of them, little-endian and row-major
 * @param shape sizes, outermost first; none means a scalar
 */
public record TensorData(StoredType type, TensorSource.Bytes bytes, long... shape) {
  /** Returns 32-bit floating-point values of the given shape. */
  public static TensorData of(float[] values, long... shape) {
    return of(
        StoredType.F32, values.length, shape, (b, at, n) -> b.asFloatBuffer().put(values, at, n));
  }

  /** Returns 64-bit floating-point values of the given shape. */
  public static TensorData of(double[] values, long... shape) {
    return of(
        StoredType.F64, values.length, shape, (b, at, n) -> b.asDoubleBuffer().put(values, at, n));
  }

  /** Returns 32-bit integers of the given shape. */
  public static TensorData of(int[] values, long... shape) {
    return of(
        StoredType.I32, values.length, shape, (b, at, n) -> b.asIntBuffer().put(values, at, n));
  }

  /** Returns 64-bit integers of the given shape. */
  public static TensorData of(long[] values, long... shape) {
    return of(
        StoredType.I64, values.length, shape, (b, at, n) -> b.asLongBuffer().put(values, at, n));
  }

  /** Returns truth values of the given shape, one byte each. */
  public static TensorData of(boolean[] values, long... shape) {
    return of(
        StoredType.BOOL,
        values.length,
        shape,
        (b, at, n) -> {
          for (int i = at; i < at + n; i++) {
            b.put((byte) (values[i] ? 1 : 0));
          }
        });
  }

  /** Copies {@code count} values from index {@code at} on to the start of a buffer. */
  @FunctionalInterface
  private interface Part {
    void copy(ByteBuffer target, int at, int count);
  }

  private static TensorData of(StoredType type, int length, long[] shape, Part part) {
    long product = 1;
    for (long size : shape) {
      boolean fits = size >= 0 && size <= Integer.MAX_VALUE && product <= Integer.MAX_VALUE;
      product = fits ? product * size : -1;
    }
    Require.that(
        product == length,
        "number of values must be the product of the shape %s, got %d",
        Arrays.toString(shape),
        length);
    TensorSource.Bytes bytes =
        (target, position) -> {
          ByteBuffer to = target.slice().order(ByteOrder.LITTLE_ENDIAN);
          part.copy(to, (int) (position / type.width()), to.remaining() / type.width());
          target.position(target.limit());
        };
    return new TensorData(type, bytes, shape);
  }

  /** Returns the number of bytes. */
  public long byteLength() {
    return type.byteLength(shape);
  }

  /** Returns all bytes, little-endian and row-major. */
  public ByteBuffer all() {
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(byteLength()));
    bytes.read(all.order(ByteOrder.LITTLE_ENDIAN), 0);
    return all.flip();
  }
}
