package io.scalekv.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products with packed weights against the plain ones. */
class PackedWeightTest {
  @ParameterizedTest
  @CsvSource({
    "2, 1, 16, 48, false", "1, 37, 128, 384, false", "2, 9, 96, 33, false",
    "2, 1, 16, 48, true", "1, 37, 128, 384, true", "2, 1024, 128, 512, true"
  })
  void equalsThePlainProduct(int batch, int rows, int in, int out, boolean half) {
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      NDArray x = normal(scope, new Shape(batch, rows, in), 1, half);
      NDArray weight = normal(scope, new Shape(out, in), 0.2f, half);
      NDArray bias = normal(scope, new Shape(out), 1, half);
      // libtorch for macOS has no oneDNN; everywhere else it must be there
      assumeTrue(
          !System.getProperty("os.name").startsWith("Mac") || PackedWeight.possible(weight),
          "this libtorch has no oneDNN");
      assertTrue(PackedWeight.possible(weight));
      NDArray packed = PackedWeight.of(weight);
      assertEquals(weight.getShape(), packed.getShape());
      assertEquals(weight.getDataType(), packed.getDataType());
      double tolerance = half ? 0.005 : 1e-6;
      NDArray plain = TorchOps.call("linear", x, weight, bias);
      NDArray fast = TorchOps.call("packed_linear", x, packed, bias);
      assertEquals(new Shape(batch, rows, out), fast.getShape());
      assertEquals(0, distance(plain, fast), tolerance);
      assertEquals(
          0,
          distance(
              TorchOps.call("gelu_tanh", plain),
              TorchOps.call("packed_linear_gelu", x, packed, bias)),
          tolerance);
    }
  }

  /** Returns the relative error ‖got − want‖ / ‖want‖. */
  private static double distance(NDArray want, NDArray got) {
    float[] w = want.toType(DataType.FLOAT32, true).toFloatArray();
    float[] g = got.toType(DataType.FLOAT32, true).toFloatArray();
    double error = 0;
    double size = 0;
    for (int i = 0; i < w.length; i++) {
      error += (g[i] - w[i]) * (double) (g[i] - w[i]);
      size += w[i] * (double) w[i];
    }
    return Math.sqrt(error / size);
  }

  private static NDArray normal(NDManager scope, Shape shape, float std, boolean half) {
    NDArray x = scope.randomNormal(0, std, shape, DataType.FLOAT32);
    return half ? TorchOps.call("to_bf16", x) : x;
  }
}
