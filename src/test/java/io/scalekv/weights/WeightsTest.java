package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class WeightsTest {
  @Test
  void keepsNamesInOrder() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights w = new Weights(manager)) {
      w.putFull("b", new Shape(2, 3), 0.5f);
      w.putNormal("a", new Shape(4), 1);
      assertEquals(List.of("b", "a"), List.copyOf(w.names()));
      assertEquals(10, w.parameters());
      assertTrue(w.contains("a"));
      assertFalse(w.contains("c"));
      assertEquals(w.manager(), w.get("a").getManager());
      assertArrayEquals(new float[] {.5f, .5f, .5f, .5f, .5f, .5f}, w.get("b").toFloatArray());
      assertThrows(UnsupportedOperationException.class, () -> w.names().clear());
    }
  }

  @Test
  void secondArrayOfANameIsRefusedAndLeftAlone() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights w = new Weights(manager)) {
      w.putFull("a", new Shape(1), 1);
      NDArray other = manager.ones(new Shape(2));
      assertThrows(IllegalArgumentException.class, () -> w.put("a", other));
      assertEquals(manager, other.getManager());
      assertEquals(new Shape(1), w.get("a").getShape());
    }
  }

  @Test
  void missingNameIsNamed() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights w = new Weights(manager)) {
      Exception e = assertThrows(IllegalArgumentException.class, () -> w.get("head.bias"));
      assertTrue(e.getMessage().contains("head.bias"));
    }
  }

  @Test
  void valuesAreCopiedOnlyOnTheSameShape() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights w = new Weights(manager)) {
      w.putFull("a", new Shape(2), 0);
      NDArray values = manager.ones(new Shape(2));
      w.set("a", values);
      values.close();
      assertArrayEquals(new float[] {1, 1}, w.get("a").toFloatArray());
      // a longer array would otherwise be cut silently
      NDArray longer = manager.ones(new Shape(3));
      Exception e = assertThrows(IllegalArgumentException.class, () -> w.set("a", longer));
      assertTrue(e.getMessage().endsWith("got (3)"));
    }
  }

  @Test
  void closingFreesTheArrays() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Weights w = new Weights(manager);
      NDArray taken = manager.ones(new Shape(2));
      w.put("a", taken);
      assertEquals(1, manager.getManagedArrays().size());
      w.close();
      assertTrue(taken.isReleased());
      assertEquals(0, manager.getManagedArrays().size());
    }
  }
}
