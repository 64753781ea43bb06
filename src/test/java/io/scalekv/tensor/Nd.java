package io.scalekv.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;

/** Row-major array of doubles for the naive oracles. */
final class Nd {
  final int[] shape;
  final double[] data;

  private Nd(double[] data, int... shape) {
    this.data = data;
    this.shape = shape;
  }

  static Nd zeros(int... shape) {
    return new Nd(new double[Arrays.stream(shape).reduce(1, (a, b) -> a * b)], shape);
  }

  /** Normal numbers, rounded to float32 so that the native side sees the same. */
  static Nd normal(Random random, double std, int... shape) {
    Nd n = zeros(shape);
    Arrays.setAll(n.data, i -> (float) (random.nextGaussian() * std));
    return n;
  }

  static Nd of(NDArray array) {
    long[] s = array.getShape().getShape();
    Nd n = zeros(Arrays.stream(s).mapToInt(Math::toIntExact).toArray());
    float[] f = array.toFloatArray();
    Arrays.setAll(n.data, i -> f[i]);
    return n;
  }

  Nd copy() {
    return new Nd(data.clone(), shape.clone());
  }

  Nd map(DoubleUnaryOperator f) {
    return new Nd(Arrays.stream(data).map(f).toArray(), shape.clone());
  }

  Nd reshape(int... to) {
    return new Nd(data, to);
  }

  double max() {
    return Arrays.stream(data).max().orElseThrow();
  }

  int last() {
    return shape[shape.length - 1];
  }

  /** Number of rows along the last axis. */
  int rows() {
    return data.length / last();
  }

  int at(int... index) {
    int i = 0;
    for (int d = 0; d < shape.length; d++) {
      i = i * shape[d] + index[d];
    }
    return i;
  }

  double get(int... index) {
    return data[at(index)];
  }

  void set(double value, int... index) {
    data[at(index)] = value;
  }

  /** Returns a native copy. */
  NDArray in(NDManager manager) {
    float[] f = new float[data.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) data[i];
    }
    Shape s = new Shape(Arrays.stream(shape).asLongStream().toArray());
    try (NDArray borrowed = manager.create(f, s)) {
      return borrowed.duplicate();
    }
  }

  /** Fails unless {@code got} has this shape and these values within {@code limit}. */
  void assertNear(NDArray got, double limit) {
    Nd other = of(got);
    if (!Arrays.equals(shape, other.shape)) {
      throw new AssertionError(
          "shape must be " + Arrays.toString(shape) + ", got " + Arrays.toString(other.shape));
    }
    for (int i = 0; i < data.length; i++) {
      if (!(Math.abs(data[i] - other.data[i]) <= limit)) {
        throw new AssertionError(
            "value " + i + " must be " + data[i] + " ± " + limit + ", got " + other.data[i]);
      }
    }
  }
}
