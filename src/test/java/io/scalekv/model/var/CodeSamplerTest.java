package io.scalekv.model.var;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.model.Sampling;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Guidance, top-k, top-p and the draw. */
class CodeSamplerTest {
  /** The published function's masks, case by case. */
  @Test
  void masksOfTheReference() throws URISyntaxException {
    Path file = Path.of(getClass().getResource("/io/scalekv/parity/var-tiny.safetensors").toURI());
    try (TensorSource t = SafetensorsFile.open(file)) {
      List<String> logits =
          t.names().stream().filter(n -> n.matches("sampling\\..*\\.in\\.logits")).toList();
      assertEquals(11, logits.size());
      logits.forEach(name -> assertMasks(t, name.substring(0, name.length() - 9)));
    }
  }

  private static void assertMasks(TensorSource t, String p) {
    float[] logits = t.floats(p + "in.logits");
    int topK = t.ints(p + "in.top_k")[0];
    float topP = t.floats(p + "in.top_p")[0];
    int[] mask = t.ints(p + "out.mask");
    int[] counts = t.ints(p + "out.counts");
    int[] ties = t.ints(p + "out.tie_at_cut");
    int codes = logits.length / counts.length;
    for (int r = 0; r < counts.length; r++) {
      float[] row = Arrays.copyOfRange(logits, r * codes, (r + 1) * codes);
      float[] masked = row.clone();
      CodeSampler.mask(masked, topK, Double.parseDouble(Float.toString(topP)));
      int[] kept = new int[codes];
      for (int i = 0; i < codes; i++) {
        kept[i] = masked[i] == Float.NEGATIVE_INFINITY ? 0 : 1;
        assertTrue(kept[i] == 0 || masked[i] == row[i], p + "a logit that stays is unchanged");
      }
      assertEquals(counts[r], Arrays.stream(kept).sum(), p + "row " + r);
      if (ties[r] == 0) {
        assertArrayEquals(Arrays.copyOfRange(mask, r * codes, (r + 1) * codes), kept, p + r);
      }
    }
  }

  private static Sampling options(double cfg) {
    return Sampling.ofCodes(cfg, 0, 0, false);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void guidanceGrowsFromNothing(long seed) {
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      SplittableRandom r = new SplittableRandom(seed);
      float[] x = new float[2 * 3 * 5];
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) r.nextDouble(-4, 4);
      }
      NDArray logits = m.create(x, new Shape(2, 3, 5));
      CodeSampler sampler = new CodeSampler(options(4), new long[1]);
      float[] conditional = Arrays.copyOf(x, 15);
      assertArrayEquals(conditional, sampler.guide(logits, 0).toFloatArray(), "the first map");
      float[] middle = sampler.guide(logits, 0.25).toFloatArray();
      float[] last = sampler.guide(logits, 1).toFloatArray();
      for (int i = 0; i < 15; i++) {
        assertEquals(2 * x[i] - x[i + 15], middle[i], 1e-5);
        assertEquals(5 * x[i] - 4 * x[i + 15], last[i], 1e-5);
      }
      assertArrayEquals(
          x,
          new CodeSampler(options(0), new long[2]).guide(logits, 1).toFloatArray(),
          "no guidance");
    }
  }

  /** Frequencies of many draws against probabilities, over what top-k and top-p leave. */
  @Test
  void drawsFollowTheProbabilities() {
    int n = 40_000;
    double[] p = {0.4, 0.05, 0.3, 0.15, 0.1};
    float[] logits = new float[n * 5];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) Math.log(p[i % 5]);
    }
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      NDArray x = m.create(logits, new Shape(1, n, 5));
      double[] all = shares(x, Sampling.ofCodes(1, 0, 0, false), n);
      for (int i = 0; i < 5; i++) {
        assertEquals(p[i], all[i], 0.01);
      }
      double[] some = shares(x, Sampling.ofCodes(1, 4, 0.8, false), n);
      assertArrayEquals(new double[] {0.4 / 0.85, 0, 0.3 / 0.85, 0.15 / 0.85, 0}, some, 0.01);
      double[] one = shares(x, Sampling.ofCodes(1, 1, 0, false), n);
      assertArrayEquals(new double[] {1, 0, 0, 0, 0}, one, 1e-9);
    }
  }

  private static double[] shares(NDArray logits, Sampling options, int n) {
    double[] shares = new double[5];
    for (int index : new CodeSampler(options, new long[] {7}).sample(logits, 1).indices()) {
      shares[index] += 1.0 / n;
    }
    return shares;
  }

  /** Softened codes are means of those that can be drawn; at the last map nearly one code. */
  @Test
  void moreSmoothMixesCodesThatCanBeDrawn() {
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      float[] x = {1f, 0.5f, -9f, 0.8f, 0.9f, 0.1f, -9f, 1f};
      NDArray logits = m.create(x, new Shape(1, 2, 4));
      Sampling smooth = Sampling.ofCodes(1, 3, 0, true);
      for (double ratio : new double[] {0, 0.5, 1}) {
        float[] w = new CodeSampler(smooth, new long[] {3}).sample(logits, ratio).weights();
        for (int row = 0; row < 2; row++) {
          assertEquals(0, w[4 * row + 2]);
          assertEquals(1, w[4 * row] + w[4 * row + 1] + w[4 * row + 3], 1e-5);
        }
        float most = Math.max(Math.max(w[0], w[1]), w[3]);
        assertTrue(ratio < 1 || most > 0.99, "the last map takes one code, got " + most);
      }
      assertNull(new CodeSampler(options(1), new long[1]).sample(logits, 0).weights());
    }
  }

  /** The masks of random logits with ties against a sort of all of them. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void masksAsASortOfAllLogits(long seed) {
    SplittableRandom r = new SplittableRandom(seed);
    for (int round = 0; round < 50; round++) {
      float[] row = new float[r.nextInt(2, 40)];
      for (int i = 0; i < row.length; i++) {
        row[i] = r.nextInt(-9, 9) / 4f;
      }
      int topK = r.nextInt(row.length + 1);
      double topP = r.nextInt(4) == 0 ? 0 : r.nextDouble();
      float[] masked = row.clone();
      CodeSampler.mask(masked, topK, topP);
      assertArrayEquals(
          sortedMask(row, topK, topP), masked, "top-k %d, p %s".formatted(topK, topP));
    }
  }

  /**
   * One place after another leaves, from the smallest logit and, of equal ones, the smallest index.
   */
  private static float[] sortedMask(float[] row, int topK, double topP) {
    List<Integer> ascending =
        IntStream.range(0, row.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> row[i]))
            .toList();
    float least = topK == 0 ? Float.NEGATIVE_INFINITY : row[ascending.get(row.length - topK)];
    List<Integer> left = ascending.stream().filter(i -> row[i] >= least).toList();
    double all = left.stream().mapToDouble(i -> Math.exp(row[i])).sum();
    double sum = 0;
    int from = 0;
    while (topP != 0 && from < left.size() - 1) {
      sum += Math.exp(row[left.get(from)]) / all;
      if (sum > 1 - topP) {
        break;
      }
      from++;
    }
    float[] masked = new float[row.length];
    Arrays.fill(masked, Float.NEGATIVE_INFINITY);
    left.stream().skip(from).forEach(i -> masked[i] = row[i]);
    return masked;
  }

  @Test
  void moreThanAllCodesAreRefused() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> CodeSampler.mask(new float[4], 5, 0));
    assertTrue(e.getMessage().endsWith("got 5"), e.getMessage());
  }
}
