package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * Files that PyTorch 2.13 itself wrote: {@code base} is {@code arange(24).reshape(4, 6) * 0.5 - 3},
 * the rest are conversions and views of it, and a linear layer with the weights 0 to 5 and the
 * biases 7 and 8.
 */
class TorchFilesTest {
  private static Path file(String name) {
    try {
      return Path.of(TorchFilesTest.class.getResource(name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static double base(int row, int column) {
    return (row * 6 + column) * 0.5 - 3;
  }

  @Test
  void aStateDictOfEveryTypeAndView() {
    double[] base = new double[24];
    Arrays.setAll(base, i -> base(i / 6, i % 6));
    try (TensorSource t = TensorSource.open(file("torch-slim.pth"))) {
      for (String type : List.of("f64", "f32", "f16", "bf16")) {
        assertArrayEquals(base, t.doubles("type." + type), type);
      }
      long[] whole = Arrays.stream(base).mapToLong(x -> (long) x).toArray();
      for (String type : List.of("i64", "i32", "i16", "i8")) {
        assertArrayEquals(whole, t.longs("type." + type), type);
        assertEquals(type.toUpperCase(Locale.ROOT), t.info("type." + type).type().name());
      }
      assertArrayEquals(new int[] {0, 1, 255}, t.ints("type.u8"));
      assertArrayEquals(new int[] {1, 0}, t.ints("type.bool"));
      assertArrayEquals(base, t.doubles("view.base"));
      double[] transposed = new double[24];
      Arrays.setAll(transposed, i -> base(i % 4, i / 4));
      assertArrayEquals(transposed, t.doubles("view.transposed"));
      assertArrayEquals(new long[] {6, 4}, t.info("view.transposed").shape());
      assertArrayEquals(Arrays.copyOfRange(base, 6, 18), t.doubles("view.rows"));
      assertArrayEquals(
          new double[] {base(0, 1), base(0, 4), base(2, 1), base(2, 4)}, t.doubles("view.steps"));
      assertArrayEquals(new double[] {-3, -3, -3}, t.doubles("view.expanded"));
      assertArrayEquals(new double[] {1.25}, t.doubles("scalar"));
      assertEquals(0, t.doubles("empty").length);
      assertArrayEquals(new double[] {0, 1, 2, 3, 4, 5}, t.doubles("linear.weight"));
      assertArrayEquals(new double[] {7, 8}, t.doubles("linear.bias"));
      assertArrayEquals(new double[] {0, 1, 2, 3, 4, 5}, t.doubles("parameter"));
      assertEquals(20, t.names().size());
    }
  }

  @Test
  void theStateDictInsideATrainingFile() {
    try (TensorSource t = TensorSource.open(file("torch-training.pth"))) {
      assertEquals(List.of("weight", "bias"), List.copyOf(t.names()));
      assertArrayEquals(new double[] {0, 1, 2, 3, 4, 5}, t.doubles("weight"));
      assertArrayEquals(new double[] {7, 8}, t.doubles("bias"));
    }
  }

  @Test
  void aNewerPickleProtocol() {
    try (TensorSource t = TensorSource.open(file("torch-protocol4.pth"))) {
      assertArrayEquals(new double[] {1, 1}, t.doubles("w"));
    }
  }

  private static void assertRefused(String name, String expected) {
    Exception e =
        assertThrows(WeightsFileException.class, () -> TensorSource.open(file(name)).close());
    assertTrue(e.getMessage().contains(expected), e.getMessage());
  }

  @Test
  void aWholeModuleIsRefusedByItsClass() {
    assertRefused("torch-module.pth", "got torch.nn.modules.linear.Linear: refused");
  }

  @Test
  void theFormatBeforeTheArchives() {
    try (TensorSource t = TensorSource.open(file("torch-legacy.pth"))) {
      assertArrayEquals(new double[] {1, 1}, t.doubles("w"));
    }
  }
}
