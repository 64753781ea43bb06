package io.scalekv.weights;

import io.scalekv.io.Require;
import java.util.Arrays;

/** Tensor in plain Java arrays, row-major, for files written without the native engine. */
public sealed interface TensorData {
  /** Returns sizes, outermost first; empty for a scalar. */
  long[] shape();

  /**
   * Floating-point values.
   *
   * @param values as many as the shape says
   * @param shape sizes, outermost first
   */
  record Floats(float[] values, long... shape) implements TensorData {
    /** Checks the number of values. */
    public Floats {
      check(values.length, shape);
    }
  }

  /**
   * 32-bit integers.
   *
   * @param values as many as the shape says
   * @param shape sizes, outermost first
   */
  record Ints(int[] values, long... shape) implements TensorData {
    /** Checks the number of values. */
    public Ints {
      check(values.length, shape);
    }
  }

  /**
   * 64-bit integers.
   *
   * @param values as many as the shape says
   * @param shape sizes, outermost first
   */
  record Longs(long[] values, long... shape) implements TensorData {
    /** Checks the number of values. */
    public Longs {
      check(values.length, shape);
    }
  }

  /**
   * Truth values, one byte each.
   *
   * @param values as many as the shape says
   * @param shape sizes, outermost first
   */
  record Booleans(boolean[] values, long... shape) implements TensorData {
    /** Checks the number of values. */
    public Booleans {
      check(values.length, shape);
    }
  }

  /**
   * 64-bit floating-point values.
   *
   * @param values as many as the shape says
   * @param shape sizes, outermost first
   */
  record Doubles(double[] values, long... shape) implements TensorData {
    /** Checks the number of values. */
    public Doubles {
      check(values.length, shape);
    }
  }

  /**
   * Stored bytes of any element type.
   *
   * @param type of the elements
   * @param bytes reader of them, little-endian and row-major
   * @param shape sizes, outermost first
   */
  record Stored(StoredType type, TensorSource.Bytes bytes, long... shape) implements TensorData {}

  /** Floating-point values of the given shape; none means a scalar. */
  static TensorData of(float[] values, long... shape) {
    return new Floats(values, shape);
  }

  /** 32-bit integers of the given shape; none means a scalar. */
  static TensorData of(int[] values, long... shape) {
    return new Ints(values, shape);
  }

  /** 64-bit floating-point values of the given shape; none means a scalar. */
  static TensorData of(double[] values, long... shape) {
    return new Doubles(values, shape);
  }

  private static void check(int length, long[] shape) {
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
  }
}
