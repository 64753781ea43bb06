package io.scalekv.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Norms, activations, products and losses against sums written out in doubles. */
class TorchOpsTest {
  private static final double EPS = 1e-6;

  private NDManager scope;

  @BeforeEach
  void open() {
    scope = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private NDArray call(String op, Nd... args) {
    NDArray[] arrays = new NDArray[args.length];
    for (int i = 0; i < args.length; i++) {
      arrays[i] = args[i].in(scope);
    }
    return TorchOps.call(op, arrays);
  }

  private static int size(Random random, int most) {
    return 1 + random.nextInt(most);
  }

  @Test
  void unknownOperationIsNamed() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> TorchOps.call("layer_nrm", scope.ones(new Shape(1))));
    assertTrue(e.getMessage().endsWith("got layer_nrm"), e.getMessage());
  }

  @Test
  void resultBelongsToTheManagerOfTheFirstArgument() {
    try (NDManager inner = scope.newSubManager()) {
      NDArray activation = inner.ones(new Shape(2, 3));
      NDArray weight = scope.ones(new Shape(3));
      assertEquals(inner, TorchOps.call("rms_norm", activation, weight).getManager());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void layerNorms(int seed) {
    Random random = new Random(seed);
    int b = size(random, 3);
    int l = size(random, 5);
    int c = 2 + random.nextInt(9);
    // small numbers, so that eps counts: 1e-5 instead of 1e-6 would be far outside the limit
    Nd x = Nd.normal(random, 2e-3, b, l, c);
    Nd weight = Nd.normal(random, 1, c);
    Nd bias = Nd.normal(random, 1, c);
    Nd affine = normalised(x);
    for (int i = 0; i < affine.data.length; i++) {
      affine.data[i] = affine.data[i] * weight.data[i % c] + bias.data[i % c];
    }
    affine.assertNear(call("layer_norm_affine", x, weight, bias), 2e-5);

    Nd scale = Nd.normal(random, 1, b, 1, c);
    Nd shift = Nd.normal(random, 1, b, 1, c);
    Nd ada = normalised(x);
    for (int i = 0; i < ada.data.length; i++) {
      int row = i / (l * c) * c + i % c;
      ada.data[i] = ada.data[i] * (1 + scale.data[row]) + shift.data[row];
    }
    ada.assertNear(call("ada_layer_norm", x, scale, shift), 2e-5);
  }

  private static Nd normalised(Nd x) {
    Nd y = x.copy();
    int c = x.last();
    for (int r = 0; r < x.rows(); r++) {
      double mean = 0;
      double square = 0;
      for (int i = r * c; i < (r + 1) * c; i++) {
        mean += x.data[i] / c;
      }
      for (int i = r * c; i < (r + 1) * c; i++) {
        square += (x.data[i] - mean) * (x.data[i] - mean) / c;
      }
      for (int i = r * c; i < (r + 1) * c; i++) {
        y.data[i] = (x.data[i] - mean) / Math.sqrt(square + EPS);
      }
    }
    return y;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void rmsNorm(int seed) {
    Random random = new Random(seed);
    int c = size(random, 9);
    Nd x = Nd.normal(random, 2e-3, size(random, 3), size(random, 5), c);
    Nd weight = Nd.normal(random, 1, c);
    Nd y = x.copy();
    for (int r = 0; r < x.rows(); r++) {
      double square = 0;
      for (int i = r * c; i < (r + 1) * c; i++) {
        square += x.data[i] * x.data[i] / c;
      }
      for (int i = 0; i < c; i++) {
        y.data[r * c + i] = x.data[r * c + i] / Math.sqrt(square + EPS) * weight.data[i];
      }
    }
    y.assertNear(call("rms_norm", x, weight), 1e-5);
  }

  @Test
  void activations() {
    Nd x = Nd.normal(new Random(4), 2, 3, 50);
    x.map(TorchOpsTest::gelu).assertNear(call("gelu_tanh", x), 2e-6);
    x.map(v -> v / (1 + Math.exp(-v))).assertNear(call("silu", x), 2e-6);
  }

  private static double gelu(double x) {
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void linears(int seed) {
    Random random = new Random(seed);
    int c = size(random, 20);
    int part = size(random, 4);
    Nd x = Nd.normal(random, 1, size(random, 3), size(random, 4), c);
    Nd weight = Nd.normal(random, 1, 3 * part, c);
    Nd bias = Nd.normal(random, 1, 3 * part);
    Nd y = linear(x, weight, bias);
    y.assertNear(call("linear", x, weight, bias), 2e-5);
    y.assertNear(call("linear_bf16", x, weight, bias), bf16Limit(x, weight, bias));
    Nd q = part(bias, 0, part);
    Nd k = part(bias, part, 2 * part);
    Nd v = part(bias, 2 * part, 3 * part);
    y.assertNear(call("linear_qkv", x, weight, q, k, v), 2e-5);
    y.assertNear(call("linear_qkv_bf16", x, weight, q, k, v), bf16Limit(x, weight, bias));
    Nd two = Nd.normal(random, 1, 2 * part, c);
    Nd kv = linear(x, two, part(bias, 0, 2 * part));
    kv.assertNear(call("linear_kv", x, two, q, k), 2e-5);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12})
  void productsOfFewRowsAndOfMany(int rows) {
    Random random = new Random(rows);
    int c = size(random, 20);
    int out = size(random, 20);
    Nd weight = Nd.normal(random, 1, out, c);
    Nd none = Nd.zeros(out);
    Nd like = Nd.zeros(1);
    for (int batch = 1; batch <= 3; batch++) {
      Nd x = Nd.normal(random, 1, batch, rows, c);
      Nd y = linear(x, weight, none);
      y.assertNear(call("product_as", x, weight, like), 2e-5);
      NDArray strided = x.in(scope).transpose(0, 2, 1).duplicate().transpose(0, 2, 1);
      y.assertNear(TorchOps.call("product_as", strided, weight.in(scope), like.in(scope)), 2e-5);
      Nd flat = x.reshape(batch * rows, c);
      y.reshape(batch * rows, out).assertNear(call("product_as", flat, weight, like), 2e-5);
    }
  }

  private static Nd part(Nd x, int from, int to) {
    Nd p = Nd.zeros(to - from);
    System.arraycopy(x.data, from, p.data, 0, to - from);
    return p;
  }

  private static Nd linear(Nd x, Nd weight, Nd bias) {
    int c = x.last();
    int out = weight.shape[0];
    Nd y = Nd.zeros(x.shape[0], x.shape[1], out);
    for (int r = 0; r < x.rows(); r++) {
      for (int o = 0; o < out; o++) {
        double sum = bias.data[o];
        for (int i = 0; i < c; i++) {
          sum += x.data[r * c + i] * weight.data[o * c + i];
        }
        y.data[r * out + o] = sum;
      }
    }
    return y;
  }

  /** Both factors, the bias and the result are rounded: half a unit of 2⁻⁸ each, relative. */
  private static double bf16Limit(Nd x, Nd weight, Nd bias) {
    double largest = linear(x.map(Math::abs), weight.map(Math::abs), bias.map(Math::abs)).max();
    return 4 * largest / 512;
  }

  @Test
  void bfloat16RoundsToNearestEven() {
    Nd x = Nd.normal(new Random(5), 3, 4, 7);
    // exactly between two neighbours: 1 + 1/256 goes down to the even one, 1 + 3/256 up
    x.data[0] = 1 + 1 / 256.0;
    x.data[1] = 1 + 3 / 256.0;
    NDArray back = TorchOps.call("to_fp32", call("to_bf16", x));
    x.map(TorchOpsTest::bf16).assertNear(back, 0);
    assertEquals(1, back.toFloatArray()[0]);
    assertEquals(1 + 4 / 256f, back.toFloatArray()[1]);
  }

  private static double bf16(double x) {
    int bits = Float.floatToIntBits((float) x);
    int even = bits >>> 16 & 1;
    return Float.intBitsToFloat((bits + 0x7fff + even) & 0xffff0000);
  }

  @Test
  void rowsOfTables() {
    Random random = new Random(6);
    Nd table = Nd.normal(random, 1, 5, 3);
    NDArray ids = scope.create(new long[] {4, 0, 2, 2}, new Shape(2, 2));
    Nd rows = Nd.zeros(2, 2, 3);
    int[] order = {4, 0, 2, 2};
    for (int i = 0; i < 4; i++) {
      System.arraycopy(table.data, order[i] * 3, rows.data, i * 3, 3);
    }
    rows.assertNear(TorchOps.call("embedding", ids, table.in(scope)), 0);

    Nd x = Nd.normal(random, 1, 2, 4, 3);
    Nd sum = x.copy();
    for (int i = 0; i < sum.data.length; i++) {
      sum.data[i] = (float) (x.data[i] + table.data[3 + i % 3]);
    }
    NDArray one = scope.create(new long[] {1});
    sum.assertNear(TorchOps.call("add_row", x.in(scope), table.in(scope), one), 0);

    Nd like = Nd.zeros(2, 4, 3);
    for (int i = 0; i < like.data.length; i++) {
      like.data[i] = table.data[i % 12];
    }
    like.assertNear(call("rows_like", x, table), 0);
  }

  @Test
  void residualAndChoice() {
    Random random = new Random(7);
    Nd x = Nd.normal(random, 1, 2, 3, 4);
    Nd y = Nd.normal(random, 1, 2, 3, 4);
    Nd gamma = Nd.normal(random, 1, 2, 1, 4);
    Nd sum = x.copy();
    for (int i = 0; i < sum.data.length; i++) {
      sum.data[i] += y.data[i] * gamma.data[i / 12 * 4 + i % 4];
    }
    sum.assertNear(call("gated_residual", x, y, gamma), 1e-6);

    Nd keep = Nd.zeros(2, 1, 1);
    keep.data[1] = 1;
    Nd chosen = y.copy();
    System.arraycopy(x.data, 12, chosen.data, 12, 12);
    chosen.assertNear(call("choose", x, y, keep), 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void weightedBitLoss(int seed) {
    Random random = new Random(seed);
    int b = size(random, 3);
    int l = size(random, 5);
    int d = size(random, 4);
    Nd logits = Nd.normal(random, 3, b, l, 2 * d);
    Nd bits = Nd.zeros(b, l, d).map(v -> random.nextInt(2));
    Nd weight = Nd.zeros(l, 1).map(v -> random.nextFloat());
    double sum = 0;
    for (int i = 0; i < b * l * d; i++) {
      double zero = logits.data[2 * i];
      double one = logits.data[2 * i + 1];
      double chosen = bits.data[i] == 1 ? one : zero;
      double loss = Math.log(Math.exp(zero) + Math.exp(one)) - chosen;
      sum += loss * weight.data[i / d % l] / (b * d);
    }
    assertEquals(sum, call("weighted_bit_loss", logits, bits, weight).getFloat(), 1e-5);
  }

  @Test
  void scalarsOfTwoArrays() {
    Random random = new Random(8);
    Nd x = Nd.normal(random, 1, 3, 4);
    Nd y = Nd.normal(random, 1, 3, 4);
    double squares = 0;
    double difference = 0;
    for (int i = 0; i < 12; i++) {
      squares += x.data[i] * x.data[i];
      difference += (x.data[i] - y.data[i]) * (x.data[i] - y.data[i]) / 12;
    }
    assertEquals(difference, call("mse", x, y).getFloat(), 1e-5);
    assertEquals(squares, call("square_sum", x).getFloat(), 1e-5);
  }

  @Test
  void straightThroughHasTheSecondValue() {
    Random random = new Random(9);
    Nd z = Nd.normal(random, 1, 6);
    Nd q = Nd.normal(random, 1, 6);
    q.assertNear(call("straight_through", z, q), 1e-6);
    NDArray x = z.in(scope);
    assertArrayEquals(x.toFloatArray(), TorchOps.call("stop_gradient", x).toFloatArray());
  }
}
