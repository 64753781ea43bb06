package io.scalekv.model.var;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.model.vae.MapResize;
import io.scalekv.model.vae.MultiScaleQuantiser;
import io.scalekv.weights.Weights;
import java.io.IOException;
import java.io.InputStream;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class VqVaeTest {
  private static final VqVaeConfig TINY = new VqVaeConfig(8, 3, 2, 4, List.of(1, 2), 1, 1, 2);
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 3, 5);

  private NDManager m;
  private VqVae vae;

  @BeforeEach
  void open() {
    m = NDManager.newBaseManager("PyTorch");
    m.getEngine().setRandomSeed(3);
    vae = new VqVae(TINY, VqVae.initialWeights(m, TINY));
  }

  @AfterEach
  void close() {
    m.close();
  }

  @Test
  void namesAndShapesAreThoseOfThePublishedFile() throws IOException {
    Map<String, Shape> published = new TreeMap<>();
    try (InputStream in =
        getClass().getResourceAsStream("/io/scalekv/model/vqvae_ch160_state_dict.json")) {
      for (Map.Entry<String, JsonNode> e : new ObjectMapper().readTree(in).properties()) {
        long[] sides =
            IntStream.range(0, e.getValue().size())
                .mapToLong(i -> e.getValue().get(i).asLong())
                .toArray();
        published.put(e.getKey(), new Shape(sides));
      }
    }
    assertEquals(new Shape(10, 4096), published.remove("quantize.ema_vocab_hit_SV"));
    Map<String, Shape> own = VqVae.shapes(VqVaeConfig.PUBLISHED);
    assertEquals(published, new TreeMap<>(own));
    long numbers = own.values().stream().mapToLong(Shape::size).sum();
    assertEquals(108_989_315 - 10 * 4096, numbers);
  }

  /** As NumPy computes them; exact arithmetic gives other lists where there are ties. */
  @ParameterizedTest
  @CsvSource({
    "10, 0 0 1 1 1 2 2 3 3 3",
    "5, 0 1 2 2 3",
    "1, 0",
    "2, 0 3",
    "4, 0 1 2 3",
  })
  void scalesShareConvolutions(int scales, String expected) {
    int[] indices = IntStream.range(0, scales).map(k -> MultiScaleVq.phiIndex(k, scales)).toArray();
    assertArrayEquals(
        List.of(expected.split(" ")).stream().mapToInt(Integer::parseInt).toArray(), indices);
  }

  /** Keys' kernel with a = −0.75, half-pixel centres, taps outside at the edge, in doubles. */
  @ParameterizedTest
  @CsvSource({"1, 16", "2, 16", "3, 16", "10, 16", "13, 16", "13, 32"})
  void bicubicEqualsTheKernelWrittenOut(int from, int to) {
    float[] x = m.randomNormal(new Shape(from, from)).toFloatArray();
    NDArray array = m.create(x, new Shape(1, 1, from, from));
    float[] got = MapResize.bicubic(array, new TokenMap(to, to)).toFloatArray();
    for (int i = 0; i < to * to; i++) {
      double want = 0;
      double[] row = taps(i / to, from, to);
      double[] column = taps(i % to, from, to);
      for (int r = 0; r < from; r++) {
        for (int c = 0; c < from; c++) {
          want += row[r] * column[c] * x[r * from + c];
        }
      }
      assertEquals(want, got[i], 5e-6, "position " + i);
    }
  }

  private static double[] taps(int i, int from, int to) {
    double at = (i + 0.5) * from / to - 0.5;
    int floor = (int) Math.floor(at);
    double[] weights = new double[from];
    for (int tap = floor - 1; tap <= floor + 2; tap++) {
      double d = Math.abs(at - tap);
      double a = -0.75;
      double w =
          d <= 1
              ? (a + 2) * d * d * d - (a + 3) * d * d + 1
              : a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a;
      weights[Math.max(0, Math.min(from - 1, tap))] += w;
    }
    return weights;
  }

  /** The decoder's way from indices gives the encoder's quantised latent and its reductions. */
  @Test
  void indicesGiveTheQuantisedLatent() {
    NDArray latent = m.randomNormal(0, 1, new Shape(2, 3, 5, 5), DataType.FLOAT32);
    MultiScaleVq vq = vae.quantiser();
    MultiScaleQuantiser.Quantised q = vq.quantise(latent, SCHEDULE);
    NDArray sum = m.zeros(new Shape(2, 3, 5, 5));
    for (int k = 0; k < SCHEDULE.scales(); k++) {
      NDArray codes = vq.codes(q.chosen().get(k), SCHEDULE.map(k));
      sum = sum.add(vq.enlarge(codes, k, SCHEDULE));
      assertArrayEquals(q.sums().get(k).toFloatArray(), sum.toFloatArray(), 1e-6f);
    }
    assertArrayEquals(q.summed().toFloatArray(), sum.toFloatArray(), 1e-6f);
    assertEquals(new Shape(2, 3, 10, 10), vae.decode(sum).getShape());
  }

  /** Each index is the nearest code of the reduced residual, found by loops. */
  @Test
  void indicesAreTheNearestCodes() {
    NDArray latent = m.randomNormal(0, 1, new Shape(2, 3, 5, 5), DataType.FLOAT32);
    MultiScaleQuantiser.Quantised q = vae.quantiser().quantise(latent, SCHEDULE);
    float[] codebook = vae.quantiser().codebook().toFloatArray();
    for (int k = 0; k < SCHEDULE.scales(); k++) {
      int tokens = SCHEDULE.tokens(k);
      float[] z = q.reduced().get(k).toFloatArray();
      long[] indices = q.chosen().get(k).toLongArray();
      for (int i = 0; i < 2 * tokens; i++) {
        int at = i / tokens * 3 * tokens + i % tokens;
        int best =
            IntStream.range(0, 8)
                .boxed()
                .min(
                    Comparator.comparingDouble(
                        v ->
                            IntStream.range(0, 3)
                                .mapToDouble(
                                    c -> Math.pow(z[at + c * tokens] - codebook[3 * v + c], 2))
                                .sum()))
                .orElseThrow();
        assertEquals(best, indices[i], "scale " + k + " position " + i);
      }
    }
  }

  @Test
  void refusesAPatchThatTheLevelsDoNotMake() {
    assertThrows(
        IllegalArgumentException.class, () -> new VqVaeConfig(8, 3, 4, 4, List.of(1, 2), 1, 1, 2));
  }

  @Test
  void weightsAreThoseOfTheShapes() {
    try (Weights w = VqVae.initialWeights(m, TINY)) {
      assertEquals(VqVae.shapes(TINY).keySet(), w.names());
    }
  }
}
