package io.scalekv.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.scalekv.weights.Weights;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fused update against the formulas, number by number. */
class AdamWTest {
  private NDManager m;
  private Weights weights;

  @BeforeEach
  void open() {
    m = NDManager.newBaseManager("PyTorch");
    weights = new Weights(m);
  }

  @AfterEach
  void close() {
    weights.close();
    m.close();
  }

  /** Leaves {@code gradient} as the gradient of the named weight. */
  private void backward(float[] matrix, float[] vector) {
    try (NDManager scope = m.newSubManager();
        GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray a = scope.create(matrix, new Shape(2, 2));
      NDArray b = scope.create(vector, new Shape(3));
      NDArray loss = a.mul(weights.get("matrix")).sum().add(b.mul(weights.get("vector")).sum());
      collector.backward(loss);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {1000, 0.5})
  void followsTheFormulas(double clip) {
    weights.putNormal("matrix", new Shape(2, 2), 1);
    weights.putNormal("vector", new Shape(3), 1);
    float[][] start = {weights.get("matrix").toFloatArray(), weights.get("vector").toFloatArray()};
    weights.arrays().values().forEach(a -> a.setRequiresGradient(true));
    double beta1 = 0.9;
    double beta2 = 0.97;
    double decay = 0.1;
    AdamW.Options options = new AdamW.Options(beta1, beta2, decay, clip, 0.99);
    double[] p = new double[7];
    double[] first = new double[7];
    double[] second = new double[7];
    double[] ema = new double[7];
    for (int i = 0; i < 7; i++) {
      p[i] = i < 4 ? start[0][i] : start[1][i - 4];
      ema[i] = p[i];
    }
    Random random = new Random(3);
    try (AdamW adam = new AdamW(m, weights, options)) {
      for (int step = 1; step <= 20; step++) {
        float[] matrix = new float[4];
        float[] vector = new float[3];
        double square = 0;
        double[] g = new double[7];
        for (int i = 0; i < 7; i++) {
          float x = (float) random.nextGaussian();
          g[i] = x;
          square += g[i] * g[i];
          if (i < 4) {
            matrix[i] = x;
          } else {
            vector[i - 4] = x;
          }
        }
        backward(matrix, vector);
        double rate = 0.01 * step;
        double norm = adam.update(step, rate);
        assertEquals(Math.sqrt(square), norm, 1e-5);
        double factor = Math.min(1, clip / Math.sqrt(square));
        double emaDecay = Math.min(0.99, (1.0 + step) / (10 + step));
        for (int i = 0; i < 7; i++) {
          double x = g[i] * factor;
          first[i] = beta1 * first[i] + (1 - beta1) * x;
          second[i] = beta2 * second[i] + (1 - beta2) * x * x;
          double mean = first[i] / (1 - Math.pow(beta1, step));
          double variance = second[i] / (1 - Math.pow(beta2, step));
          // only matrices decay
          p[i] -= i < 4 ? rate * decay * p[i] : 0;
          p[i] -= rate * mean / (Math.sqrt(variance) + 1e-8);
          ema[i] = emaDecay * ema[i] + (1 - emaDecay) * p[i];
        }
        check(adam, step, p, "p.");
        check(adam, step, first, "m.");
        check(adam, step, second, "v.");
        check(adam, step, ema, "ema.");
      }
      assertTrue(adam.average().get("matrix") != weights.get("matrix"));
    }
  }

  private static void check(AdamW adam, int step, double[] expected, String prefix) {
    float[] matrix = adam.state().get(prefix + "matrix").toFloatArray();
    float[] vector = adam.state().get(prefix + "vector").toFloatArray();
    for (int i = 0; i < 7; i++) {
      float got = i < 4 ? matrix[i] : vector[i - 4];
      assertEquals(expected[i], got, 1e-5 * (1 + Math.abs(expected[i])), prefix + " step " + step);
    }
  }

  @Test
  void gradientsAreZeroAfterwards() {
    weights.putFull("matrix", new Shape(2, 2), 1);
    weights.putFull("vector", new Shape(3), 1);
    weights.arrays().values().forEach(a -> a.setRequiresGradient(true));
    try (AdamW adam = new AdamW(m, weights, new AdamW.Options(0.9, 0.99, 0, 1, 0.9))) {
      backward(new float[] {1, 2, 3, 4}, new float[] {1, 2, 3});
      adam.update(1, 0.1);
      try (NDArray g = weights.get("matrix").getGradient()) {
        assertEquals(0, g.abs().sum().getFloat());
      }
    }
  }

  @Test
  void endlessGradientIsAnError() {
    weights.putFull("matrix", new Shape(2, 2), 1);
    weights.putFull("vector", new Shape(3), 1);
    weights.arrays().values().forEach(a -> a.setRequiresGradient(true));
    try (AdamW adam = new AdamW(m, weights, new AdamW.Options(0.9, 0.99, 0, 1, 0.9))) {
      backward(new float[] {1, 2, 3, Float.NaN}, new float[3]);
      Exception e = assertThrows(ArithmeticException.class, () -> adam.update(7, 0.1));
      assertEquals("step 7: gradient norm is NaN", e.getMessage());
      assertEquals(1, weights.get("vector").getFloat(0), "nothing was changed");
    }
  }
}
