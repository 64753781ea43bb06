package io.scalekv.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Gradients of the operations against central differences. */
class TorchGradientTest {
  private static final double STEP = 1e-2;

  private NDManager scope;

  @BeforeEach
  void open() {
    scope = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    scope.close();
  }

  /**
   * Compares the gradient of the sum of f(arguments) · w, for fixed random w, with differences in
   * every entry of the first {@code trained} arguments.
   */
  private void check(Function<NDArray[], NDArray> f, int trained, Nd... arguments) {
    NDArray[] x = new NDArray[arguments.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = arguments[i].in(scope);
    }
    Shape shape = f.apply(x).getShape();
    int[] sizes = new int[shape.dimension()];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = (int) shape.get(i);
    }
    NDArray w = Nd.normal(new Random(99), 1, sizes).in(scope);
    for (int i = 0; i < trained; i++) {
      x[i].setRequiresGradient(true);
    }
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      collector.backward(f.apply(x).mul(w).sum());
    }
    for (int i = 0; i < trained; i++) {
      try (NDArray gradient = x[i].getGradient()) {
        float[] got = gradient.toFloatArray();
        for (int j = 0; j < got.length; j++) {
          double up = shifted(f, w, arguments, i, j, STEP);
          double down = shifted(f, w, arguments, i, j, -STEP);
          double expected = (up - down) / (2 * STEP);
          assertEquals(
              expected, got[j], 5e-3 * (1 + Math.abs(expected)), "argument " + i + ", entry " + j);
        }
      }
    }
  }

  private double shifted(
      Function<NDArray[], NDArray> f, NDArray w, Nd[] arguments, int which, int entry, double by) {
    try (NDManager m = scope.newSubManager()) {
      NDArray[] x = new NDArray[arguments.length];
      for (int i = 0; i < x.length; i++) {
        Nd a = arguments[i].copy();
        if (i == which) {
          a.data[entry] += by;
        }
        x[i] = a.in(m);
      }
      float[] y = f.apply(x).toFloatArray();
      float[] weights = w.toFloatArray();
      double sum = 0;
      for (int i = 0; i < y.length; i++) {
        sum += (double) y[i] * weights[i];
      }
      return sum;
    }
  }

  private static Nd normal(int seed, int... shape) {
    return Nd.normal(new Random(seed), 1, shape);
  }

  private static Function<NDArray[], NDArray> op(String name) {
    return x -> TorchOps.call(name, x);
  }

  @Test
  void normsAndResiduals() {
    Nd x = normal(1, 2, 2, 4);
    check(op("layer_norm_affine"), 3, x, normal(2, 4), normal(3, 4));
    check(op("ada_layer_norm"), 3, x, normal(2, 2, 1, 4), normal(3, 2, 1, 4));
    check(op("rms_norm"), 2, x, normal(2, 4));
    check(op("gated_residual"), 3, x, normal(2, 2, 2, 4), normal(3, 2, 1, 4));
    check(op("gelu_tanh"), 1, x);
    check(op("silu"), 1, x);
  }

  @Test
  void projections() {
    Nd x = normal(1, 1, 2, 3);
    check(op("linear"), 3, x, normal(2, 2, 3), normal(3, 2));
    check(op("product_as"), 2, x, normal(2, 2, 3), normal(3, 1));
    check(op("linear_qkv"), 5, x, normal(2, 6, 3), normal(3, 2), normal(4, 2), normal(5, 2));
    check(op("linear_kv"), 4, x, normal(2, 4, 3), normal(3, 2), normal(4, 2));
  }

  @Test
  void cosineAttention() {
    Nd qkv = normal(1, 1, 3, 24);
    Nd s = Nd.zeros(1, 2, 1, 1).map(v -> 0.5);
    Nd table = Nd.zeros(3, 2, 2);
    for (int i = 0; i < table.data.length; i += 2) {
      table.data[i] = (float) Math.cos(i);
      table.data[i + 1] = (float) Math.sin(i);
    }
    check(op("cosine_query"), 2, qkv, s, table);
    check(op("cosine_key"), 1, qkv, s, table);
    check(op("packed_value"), 1, qkv, s);
    NDArray bounds = scope.create(new long[] {0, 1, 3});
    check(
        x ->
            TorchOps.call(
                "prefix_attention",
                TorchOps.call("cosine_query", x[0], x[1], x[2]),
                TorchOps.call("cosine_key", x[0], x[1], x[2]),
                TorchOps.call("packed_value", x[0], x[1]),
                bounds),
        2,
        qkv,
        s,
        table);
  }

  @Test
  void attention() {
    Nd q = normal(1, 1, 2, 2, 4);
    Nd k = normal(2, 1, 2, 3, 4);
    Nd v = normal(3, 1, 2, 3, 4);
    check(op("sdpa"), 3, q, k, v);
    check(op("sdpa_unit"), 3, q, k, v);
    Nd mask = Nd.zeros(1, 1, 1, 3);
    mask.data[2] = Double.NEGATIVE_INFINITY;
    check(op("sdpa_masked"), 3, q, k, v, mask);
  }

  @Test
  void convolutionalParts() {
    Nd x = normal(1, 1, 2, 4, 4);
    Nd weight = normal(2, 2, 2, 3, 3);
    check(op("conv2d"), 3, x, weight, normal(3, 2));
    check(op("conv2d_down"), 3, x, weight, normal(3, 2));
    check(op("group_norm"), 3, x, normal(2, 2), normal(3, 2), Nd.zeros(2));
    check(op("upsample_nearest2"), 1, x);
    check(op("resize_bilinear"), 1, x, Nd.zeros(3, 2));
    check(op("resize_area"), 1, x, Nd.zeros(3, 2));
  }

  @Test
  void lossesAndTables() {
    Nd bits = Nd.zeros(1, 2, 2);
    bits.data[1] = 1;
    bits.data[2] = 1;
    Nd weight = Nd.zeros(2, 1).map(v -> 0.3);
    check(op("weighted_bit_loss"), 1, normal(1, 1, 2, 4), bits, weight);
    check(op("mse"), 2, normal(1, 3), normal(2, 3));
    NDArray ids = scope.create(new long[] {2, 0, 2});
    check(x -> TorchOps.call("embedding", ids, x[0]), 1, normal(1, 3, 2));
    NDArray row = scope.create(new long[] {1});
    check(x -> TorchOps.call("add_row", x[0], x[1], row), 2, normal(1, 1, 2, 2), normal(2, 3, 2));
    check(x -> TorchOps.call("rows_like", x[1], x[0]), 1, normal(2, 4, 3), normal(1, 2, 2, 3));
  }

  @Test
  void straightThroughPassesTheGradientOfTheSecondToTheFirst() {
    NDArray z = normal(1, 4).in(scope);
    NDArray q = normal(2, 4).in(scope);
    NDArray w = normal(3, 4).in(scope);
    z.setRequiresGradient(true);
    q.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      collector.backward(TorchOps.call("straight_through", z, q).mul(w).sum());
    }
    try (NDArray gradient = z.getGradient();
        NDArray none = q.getGradient()) {
      assertTrue(gradient.contentEquals(w));
      assertEquals(0, none.abs().sum().getFloat());
    }
  }

  @Test
  void stopGradientStops() {
    NDArray x = normal(1, 4).in(scope);
    x.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray y = x.mul(TorchOps.call("stop_gradient", x)).sum();
      collector.backward(y);
    }
    try (NDArray gradient = x.getGradient()) {
      assertTrue(gradient.contentEquals(x), "of x·stop(x), not of x²");
    }
  }
}
