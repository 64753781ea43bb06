package io.scalekv.model.var;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Sampling;
import io.scalekv.model.attention.GenerationTrace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What must hold for any model, whatever its weights: random tiny ones, seeded. */
class VarGeneratorTest {
  private static Sampling options(double cfg) {
    return Sampling.ofCodes(cfg, 40, 0.96, false);
  }

  /** Copies what a generation shows, as plain numbers. */
  private static final class Recorder implements GenerationListener, GenerationTrace {
    final List<int[]> indices = new ArrayList<>();
    final List<float[]> bits = new ArrayList<>();
    final List<float[]> rows = new ArrayList<>();
    final List<float[]> guided = new ArrayList<>();
    final List<float[]> inputs = new ArrayList<>();

    @Override
    public void indices(int scale, int... drawn) {
      indices.add(drawn);
    }

    @Override
    public void codes(int scale, NDArray x) {
      bits.add(x.toFloatArray());
    }

    @Override
    public void rowLogits(int scale, NDArray x) {
      rows.add(x.toFloatArray());
    }

    @Override
    public void logits(int scale, NDArray x) {
      guided.add(x.toFloatArray());
    }

    @Override
    public void nextInput(int scale, NDArray x) {
      inputs.add(x.toFloatArray());
    }
  }

  private static Recorder record(TinyVar tiny, double cfg, long[] classes, long[] seeds) {
    Recorder r = new Recorder();
    tiny.generate(options(cfg), null, classes, seeds, List.of(), r).close();
    return r;
  }

  @ParameterizedTest
  @CsvSource({"1,1.5", "2,0", "3,4", "4,1.5"})
  void batchEqualsSingleRuns(long seed, double cfg) {
    try (TinyVar tiny = TinyVar.of(seed)) {
      long[] classes = {3, 0, 6};
      long[] seeds = {11, 12, 13};
      Recorder together = record(tiny, cfg, classes, seeds);
      for (int b = 0; b < 3; b++) {
        Recorder alone = record(tiny, cfg, new long[] {classes[b]}, new long[] {seeds[b]});
        for (int k = 0; k < tiny.schedule.scales(); k++) {
          int n = tiny.schedule.tokens(k);
          assertArrayEquals(
              Arrays.copyOfRange(together.indices.get(k), b * n, (b + 1) * n),
              alone.indices.get(k));
        }
      }
    }
  }

  /** The masked pass over the codes of a cached run gives its logits. */
  @ParameterizedTest
  @CsvSource({"1,1.5", "2,0", "3,4", "4,1.5", "5,2"})
  void cacheEqualsTeacherForcing(long seed, double cfg) {
    try (TinyVar tiny = TinyVar.of(seed)) {
      long[] classes = {2, 5};
      Recorder cached = record(tiny, cfg, classes, new long[] {3, 4});
      NDList inputs = new NDList();
      for (int k = 1; k < tiny.schedule.scales(); k++) {
        Shape s = new Shape(2, tiny.schedule.tokens(k), tiny.config.codeWidth());
        NDArray x = tiny.manager.create(cached.inputs.get(k - 1), s);
        inputs.add(cfg == 0 ? x : x.concat(x, 0));
      }
      long none = tiny.config.classes();
      long[] all = cfg == 0 ? classes : new long[] {2, 5, none, none};
      NDArray logits =
          tiny.model.logitsOf(NDArrays.concat(inputs, 1), tiny.model.condition(tiny.manager, all));
      for (int k = 0; k < tiny.schedule.scales(); k++) {
        NDIndex map =
            new NDIndex(
                ":,{}:{}", tiny.schedule.tokensBefore(k), tiny.schedule.tokensBefore(k + 1));
        assertArrayEquals(cached.rows.get(k), logits.get(map).toFloatArray(), 1e-4f, "map " + k);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void theFirstMapFollowsTheClassAlone(long seed) {
    try (TinyVar tiny = TinyVar.of(seed)) {
      Recorder r = record(tiny, 4, new long[] {1, 4}, new long[] {1, 2});
      float[] rows = r.rows.get(0);
      assertArrayEquals(Arrays.copyOf(rows, rows.length / 2), r.guided.get(0));
      rows = r.rows.get(3);
      assertFalse(Arrays.equals(Arrays.copyOf(rows, rows.length / 2), r.guided.get(3)));
    }
  }

  /** Keys in the cache have length 1: neither temperature nor position is in them. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void cachedKeysAreUnitVectorsAndTemperatureIsInTheQuery(long seed) {
    try (TinyVar tiny = TinyVar.of(seed)) {
      tiny.model.weights().get("blocks.0.attn.scale_mul_1H11").addi(1f);
      int[] calls = new int[1];
      AttentionTap tap =
          (site, q, k, v) -> {
            assertEquals(1, site.softmaxScale());
            float[] keys = k.norm(new int[] {3}).toFloatArray();
            float[] queries = q.norm(new int[] {3}).toFloatArray();
            double temperature = site.layer() == 0 ? 4 * Math.E : 4;
            for (float length : keys) {
              assertEquals(1, length, 1e-5);
            }
            for (float length : queries) {
              assertEquals(temperature, length, 1e-4);
            }
            calls[0]++;
          };
      tiny.generate(
          options(1.5), null, new long[] {0}, new long[1], List.of(tap), GenerationTrace.NONE);
      assertEquals(tiny.config.depth() * tiny.schedule.scales(), calls[0]);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void bitsOfTheListenerSpellTheIndices(long seed) {
    try (TinyVar tiny = TinyVar.of(seed)) {
      Recorder r = record(tiny, 1.5, new long[] {1, 2}, new long[] {5, 6});
      int width = tiny.config.codeBits();
      assertEquals(6, width);
      for (int k = 0; k < r.indices.size(); k++) {
        int[] indices = r.indices.get(k);
        for (int i = 0; i < indices.length; i++) {
          int value = 0;
          for (int b = 0; b < width; b++) {
            value = 2 * value + (int) r.bits.get(k)[i * width + b];
          }
          assertEquals(indices[i], value);
        }
      }
    }
  }

  @Test
  void moreSmoothChangesTheInputsOnly() {
    try (TinyVar tiny = TinyVar.of(3)) {
      Recorder plain = record(tiny, 1.5, new long[] {1}, new long[] {5});
      Recorder smooth = new Recorder();
      Sampling options = Sampling.ofCodes(1.5, 40, 0.96, true);
      NDArray z = tiny.generate(options, null, new long[] {1}, new long[] {5}, List.of(), smooth);
      assertEquals(new Shape(1, 6, 4, 4), z.getShape());
      assertArrayEquals(plain.indices.get(0), smooth.indices.get(0));
      assertFalse(Arrays.equals(plain.inputs.get(0), smooth.inputs.get(0)));
    }
  }

  @Test
  void wrongCallsAreRefused() {
    try (TinyVar tiny = TinyVar.of(1)) {
      Exception e =
          assertThrows(
              IllegalArgumentException.class, () -> record(tiny, 1.5, new long[] {1}, new long[2]));
      assertTrue(e.getMessage().endsWith("got 2"), e.getMessage());
    }
  }

  /** A long run must not fill the memory: nothing but the result stays. */
  @Test
  void generationsLeaveNothingBehind() {
    try (TinyVar tiny = TinyVar.of(3)) {
      int before = -1;
      for (int i = 0; i < 3; i++) {
        record(tiny, 1.5, new long[] {1, 2}, new long[2]);
        int now = tiny.manager.getManagedArrays().size();
        assertTrue(before < 0 || now == before, before + " arrays before, " + now + " after");
        before = now;
      }
    }
  }
}
