package io.scalekv.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;

final class NativeCopyTest {
  @Test
  void valuesShapeAndOwner() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      float[] values = {1, 2, 3, 4, 5, 6};
      NDArray floats = NativeCopy.of(manager, values, new Shape(2, 3));
      values[0] = 9;
      assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, floats.toFloatArray());
      assertEquals(new Shape(2, 3), floats.getShape());
      NDArray longs = NativeCopy.of(manager, new long[] {7, 1L << 40}, new Shape(2));
      assertArrayEquals(new long[] {7, 1L << 40}, longs.toLongArray());
      // the borrowed array is gone, the two copies are all that is owned
      assertEquals(2, manager.getManagedArrays().size());
    }
  }
}
