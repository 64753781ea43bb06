package io.scalekv.model.infinity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.model.Sampling;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BitSamplerTest {
  /** Upper 0.1 % point of chi-square with one degree of freedom. */
  private static final double CHI_SQUARE = 10.83;

  private NDManager m;

  @BeforeEach
  void open() {
    m = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    m.close();
  }

  private static Sampling options(double cfg, double tau, double topP) {
    return new Sampling(cfg, tau, topP);
  }

  /** The same pair of logits for every bit: [1,L,2]. */
  private NDArray pairs(int count, float zero, float one) {
    float[] x = new float[2 * count];
    for (int i = 0; i < count; i++) {
      x[2 * i] = zero;
      x[2 * i + 1] = one;
    }
    return m.create(x, new Shape(1, count, 2)).duplicate();
  }

  private double ones(int count, double logit, double topP) {
    BitSampler s = new BitSampler(options(1, 1, topP), new long[] {18});
    NDArray bits = s.sample(m, pairs(count, 0.25f, (float) (0.25 + logit)), 0);
    return bits.sum().getFloat();
  }

  @Test
  void tauZeroTakesTheLikelierBit() {
    NDArray logits = m.create(new float[] {1, 2, 2, 1, -3, -4, 0, 0}, new Shape(1, 2, 4));
    BitSampler s = new BitSampler(options(1, 0, 0.97), new long[] {1});
    assertArrayEquals(new float[] {1, 0, 0, 0}, s.sample(m, logits, 0).toFloatArray());
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.05, 0.3, 0.5, 0.8})
  void frequenciesFollowTheLogits(double p) {
    int n = 20_000;
    double k = ones(n, Math.log(p / (1 - p)), 1);
    double chi = Math.pow(k - n * p, 2) / (n * p) + Math.pow(n * p - k, 2) / (n * (1 - p));
    assertTrue(chi < CHI_SQUARE, "ones " + k / n + " for p " + p);
  }

  @ParameterizedTest
  @CsvSource({"0.02,0.97,0", "0.98,0.97,1", "0.02,1,-1", "0.04,0.97,-1", "0.4,0.5,0", "0.6,0.5,1"})
  void topPCutsTheUnlikelyValue(double p, double topP, int always) {
    int n = 5000;
    double k = ones(n, Math.log(p / (1 - p)), topP);
    if (always >= 0) {
      assertEquals(always * n, k);
    } else {
      assertEquals(p, k / n, 0.015, "not cut");
    }
  }

  @Test
  void guidanceAndTemperature() {
    NDArray logits = m.create(new float[] {1, 2, 3, 5}, new Shape(2, 1, 2));
    BitSampler s = new BitSampler(options(3, 0.5, 0.97), new long[] {1});
    // (3 · conditional − 2 · unconditional) / 0.5
    assertArrayEquals(new float[] {-6, -8}, s.guide(logits, 0).toFloatArray(), 1e-5f);
    BitSampler plain = new BitSampler(options(1, 1, 0.97), new long[] {1, 2});
    assertArrayEquals(logits.toFloatArray(), plain.guide(logits, 0).toFloatArray());
  }

  @Test
  void anImageDoesNotDependOnItsBatch() {
    NDArray logits = m.randomNormal(0, 1, new Shape(3, 40, 8), DataType.FLOAT32);
    long[] seeds = {5, 6, 7};
    BitSampler together = new BitSampler(options(1, 1, 0.97), seeds);
    NDArray first = together.sample(m, logits, 0);
    NDArray second = together.sample(m, logits, 0);
    float[] all = first.concat(second, 0).toFloatArray();
    int row = 40 * 4;
    for (int b = 0; b < 3; b++) {
      BitSampler alone = new BitSampler(options(1, 1, 0.97), new long[] {seeds[b]});
      NDArray own = logits.get(new NDIndex("{}:{}", b, b + 1));
      for (int round = 0; round < 2; round++) {
        int from = (3 * round + b) * row;
        float[] expected = Arrays.copyOfRange(all, from, from + row);
        assertArrayEquals(expected, alone.sample(m, own, 0).toFloatArray());
      }
    }
    float[] a = Arrays.copyOfRange(all, 0, row);
    assertTrue(!Arrays.equals(a, Arrays.copyOfRange(all, 3 * row, 4 * row)), "draws go on");
  }
}
