package io.scalekv.model.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TextEmbeddingsTest {
  private static final float OUT = Float.NEGATIVE_INFINITY;

  private NDManager m;

  @BeforeEach
  void open() {
    m = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    m.close();
  }

  private NDArray numbers(Shape shape) {
    float[] x = new float[(int) shape.size()];
    for (int i = 0; i < x.length; i++) {
      x[i] = i + 1;
    }
    return m.create(x, shape).duplicate();
  }

  @Test
  void packedRowsArePaddedOnTheRight() {
    TextEmbeddings t = TextEmbeddings.of(m, 2, new float[] {1, 2}, new float[] {3, 4, 5, 6, 7, 8});
    assertEquals(2, t.count());
    assertEquals(new Shape(2, 3, 2), t.padded().getShape());
    assertArrayEquals(new float[] {1, 2, 0, 0, 0, 0, 3, 4, 5, 6, 7, 8}, t.padded().toFloatArray());
    NDArray mask = t.mask(m);
    assertEquals(new Shape(2, 1, 1, 3), mask.getShape());
    assertArrayEquals(new float[] {0, OUT, OUT, 0, 0, 0}, mask.toFloatArray());
  }

  @Test
  void noMaskWithoutPadding() {
    assertNull(new TextEmbeddings(numbers(new Shape(2, 3, 1)), new int[] {3, 3}).mask(m));
  }

  @Test
  void concatPadsTheShorterAndKeepsTheOrder() {
    TextEmbeddings a = new TextEmbeddings(numbers(new Shape(1, 1, 2)), new int[] {1});
    TextEmbeddings b = new TextEmbeddings(numbers(new Shape(1, 2, 2)), new int[] {2});
    TextEmbeddings ab = a.concat(b);
    assertArrayEquals(new int[] {1, 2}, ab.lengths());
    assertArrayEquals(new float[] {1, 2, 0, 0, 1, 2, 3, 4}, ab.padded().toFloatArray());
    TextEmbeddings ba = b.concat(a);
    assertArrayEquals(new int[] {2, 1}, ba.lengths());
    assertArrayEquals(new float[] {1, 2, 3, 4, 1, 2, 0, 0}, ba.padded().toFloatArray());
  }

  @Test
  void concatLeavesNothingInTheManagerOfTheOther() {
    TextEmbeddings longer = new TextEmbeddings(numbers(new Shape(1, 5, 2)), new int[] {5});
    try (NDManager lasting = m.newSubManager()) {
      NDArray one = lasting.ones(new Shape(1, 1, 2));
      TextEmbeddings other = new TextEmbeddings(one, new int[] {1});
      longer.concat(other);
      assertEquals(1, lasting.getManagedArrays().size());
    }
  }

  @Test
  void lengthsMustFit() {
    NDArray x = numbers(new Shape(1, 3, 2));
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> new TextEmbeddings(x, new int[] {4}));
    assertTrue(e.getMessage().endsWith("got 4"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> new TextEmbeddings(x, new int[] {0}));
    e = assertThrows(IllegalArgumentException.class, () -> new TextEmbeddings(x, new int[] {1, 1}));
    assertTrue(e.getMessage().endsWith("got (1, 3, 2)"), e.getMessage());
  }
}
