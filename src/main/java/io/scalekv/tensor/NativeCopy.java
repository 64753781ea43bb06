package io.scalekv.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * Native copies of Java arrays. {@code NDManager.create} only borrows Java memory, so a view that
 * outlives the array reads freed memory; these copies own their memory.
 */
public final class NativeCopy {
  private NativeCopy() {}

  /** Returns a float32 array of the given shape that belongs to {@code manager}. */
  public static NDArray of(NDManager manager, float[] values, Shape shape) {
    try (NDArray borrowed = manager.create(values, shape)) {
      return borrowed.duplicate();
    }
  }

  /** Returns an int64 array of the given shape that belongs to {@code manager}. */
  public static NDArray of(NDManager manager, long[] values, Shape shape) {
    try (NDArray borrowed = manager.create(values, shape)) {
      return borrowed.duplicate();
    }
  }
}
