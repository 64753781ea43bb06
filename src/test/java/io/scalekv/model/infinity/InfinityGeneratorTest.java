package io.scalekv.model.infinity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.KvCache;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.PerScale;
import io.scalekv.model.Sampling;
import io.scalekv.model.attention.GenerationTrace;
import io.scalekv.model.attention.RotaryTable;
import io.scalekv.model.attention.SelfAttention;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.tensor.TorchOps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What must hold for any model, whatever its weights: random tiny ones, seeded. */
class InfinityGeneratorTest {
  private static Sampling options(double cfg, double tau) {
    return new Sampling(cfg, tau, 0.97);
  }

  /** Copies what a generation shows, as plain numbers. */
  private static final class Recorder implements GenerationListener, GenerationTrace {
    final List<float[]> bits = new ArrayList<>();
    final List<float[]> logits = new ArrayList<>();
    final List<float[]> nextInputs = new ArrayList<>();
    final List<float[]> lastOutputs = new ArrayList<>();
    final List<Shape> caches = new ArrayList<>();

    @Override
    public void codes(int scale, NDArray x) {
      bits.add(x.toFloatArray());
    }

    @Override
    public void logits(int scale, NDArray x) {
      logits.add(x.toFloatArray());
    }

    @Override
    public void nextInput(int scale, NDArray x) {
      nextInputs.add(x.toFloatArray());
    }

    @Override
    public void blockOutput(int scale, int layer, NDArray x) {
      if (layer == 0) {
        lastOutputs.add(null);
      }
      lastOutputs.set(scale, x.toFloatArray());
    }

    @Override
    public void cached(int scale, int layer, int branch, KvCache cache) {
      if (scale == 0) {
        caches.add(null);
      }
      try (NDManager m = NDManager.newBaseManager("PyTorch")) {
        caches.set(layer, cache.keys(m).getShape());
        assertEquals(cache.keys(m).getShape(), cache.values(m).getShape());
      }
    }
  }

  private static void assertSameBits(List<float[]> expected, List<float[]> got) {
    assertEquals(expected.size(), got.size());
    for (int k = 0; k < expected.size(); k++) {
      assertArrayEquals(expected.get(k), got.get(k), "map " + k);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,0,3", "2,1,3", "3,1,1", "4,0,1.5", "5,1,3", "6,1,4"})
  void batchEqualsSingleRuns(long seed, double tau, double cfg) {
    try (TinyInfinity tiny = TinyInfinity.of(seed)) {
      TextEmbeddings text = tiny.text(3, 7, 5);
      long[] seeds = {11, 12, 13};
      Recorder together = new Recorder();
      tiny.generate(text, null, options(cfg, tau), seeds, List.of(), together);
      for (int b = 0; b < 3; b++) {
        int length = text.lengths()[b];
        NDArray own = text.padded().get(new NDIndex("{}:{},0:{}", b, b + 1, length));
        Recorder alone = new Recorder();
        tiny.generate(
            new TextEmbeddings(own, new int[] {length}),
            null,
            options(cfg, tau),
            new long[] {seeds[b]},
            List.of(),
            alone);
        for (int k = 0; k < tiny.schedule.scales(); k++) {
          float[] all = together.bits.get(k);
          int row = all.length / 3;
          float[] part = Arrays.copyOfRange(all, b * row, (b + 1) * row);
          assertArrayEquals(part, alone.bits.get(k), "prompt " + b + ", map " + k);
        }
      }
    }
  }

  @Test
  void bitsAreNotAllTheSame() {
    try (TinyInfinity tiny = TinyInfinity.of(2)) {
      Recorder r = new Recorder();
      tiny.generate(tiny.text(4), null, options(3, 0), new long[1], List.of(), r);
      float[] last = r.bits.get(r.bits.size() - 1);
      double ones = 0;
      for (float b : last) {
        ones += b;
      }
      assertTrue(ones > 0 && ones < last.length, "the model tells positions apart");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void withoutGuidanceThereAreNoUnconditionalRows(long seed) {
    try (TinyInfinity tiny = TinyInfinity.of(seed)) {
      TextEmbeddings text = tiny.text(3, 6);
      long[] seeds = {1, 2};
      Recorder plain = new Recorder();
      tiny.generate(text, null, options(1, 1), seeds, List.of(rows(tiny, 2)), plain);
      Recorder almost = new Recorder();
      Sampling barely = options(1 + 1e-12, 1);
      tiny.generate(text, null, barely, seeds, List.of(rows(tiny, 4)), almost);
      assertSameBits(plain.bits, almost.bits);
    }
  }

  private static AttentionTap rows(TinyInfinity tiny, int expected) {
    return (site, q, k, v) -> {
      assertEquals(expected, q.getShape().get(0));
      assertEquals(2, site.conditionalRows());
    };
  }

  /** Every map at once, without a cache, from the inputs that the cached run made. */
  @ParameterizedTest
  @CsvSource({"1,3", "2,1", "3,3", "4,1", "5,3"})
  void cacheEqualsFullRecomputation(long seed, double cfg) {
    try (TinyInfinity tiny = TinyInfinity.of(seed)) {
      TextEmbeddings text = tiny.text(2, 6);
      Recorder cached = new Recorder();
      tiny.generate(text, null, options(cfg, 1), new long[] {3, 4}, List.of(), cached);

      TextEmbeddings all = cfg == 1 ? text : text.concat(tiny.model.unconditional(text));
      TextCondition condition = tiny.model.condition(all);
      int scales = tiny.schedule.scales();
      long[] bounds = new long[scales + 1];
      NDList inputs = new NDList(tiny.model.addLevel(tiny.model.start(condition), 0));
      for (int k = 1; k <= scales; k++) {
        bounds[k] = tiny.schedule.tokensBefore(k);
        if (k < scales) {
          Shape s = new Shape(2, tiny.schedule.tokens(k), tiny.config.tokenBits());
          NDArray codes = tiny.manager.create(cached.nextInputs.get(k - 1), s);
          NDArray x = tiny.model.embed(codes);
          inputs.add(tiny.model.addLevel(cfg == 1 ? x : x.concat(x, 0), k));
        }
      }
      NDArray x = NDArrays.concat(inputs, 1);
      NDArray rotary =
          RotaryTable.of(tiny.manager, tiny.schedule, tiny.reference, tiny.config.headWidth());
      NDArray ends = tiny.manager.create(bounds);
      SelfAttention full = (layer, q, k, v, p) -> TorchOps.call("prefix_attention", q, k, v, ends);
      for (int layer = 0; layer < tiny.config.depth(); layer++) {
        x = tiny.model.block(layer, x, condition, rotary, full);
      }
      NDArray logits =
          new BitSampler(options(cfg, 1), new long[2]).guide(tiny.model.logits(x, condition), 0);
      for (int k = 0; k < scales; k++) {
        NDIndex map = new NDIndex(":,{}:{}", bounds[k], bounds[k + 1]);
        assertArrayEquals(
            cached.lastOutputs.get(k), x.get(map).toFloatArray(), 1e-4f, "output of map " + k);
        assertArrayEquals(
            cached.logits.get(k), logits.get(map).toFloatArray(), 1e-3f, "logits of map " + k);
      }
    }
  }

  /** Bits and batch rows of every scale. */
  private static final class Rows implements GenerationListener {
    final List<float[]> bits = new ArrayList<>();
    final List<Integer> rows = new ArrayList<>();
    long freed = -1;

    @Override
    public void codes(int scale, NDArray x) {
      bits.add(x.toFloatArray());
    }

    @Override
    public void scaleBegins(int scale, int batchRows) {
      rows.add(batchRows);
    }

    @Override
    public void cached(int scale, int layer, int branch, KvCache cache) {
      if (cache.tokens() == 0) {
        freed = cache.liveBytes() + cache.allocatedBytes();
      }
    }
  }

  private static Rows rows(TinyInfinity tiny, TextEmbeddings text, Sampling sampling) {
    Rows rows = new Rows();
    tiny.generate(text, null, sampling, new long[] {1, 2}, List.of(), rows);
    return rows;
  }

  @ParameterizedTest
  @CsvSource({"1,1", "2,0"})
  void guidanceMayDifferFromScaleToScale(long seed, double tau) {
    try (TinyInfinity tiny = TinyInfinity.of(seed)) {
      int scales = tiny.schedule.scales();
      TextEmbeddings text = tiny.text(3, 5);
      Sampling same =
          Sampling.of(
              new PerScale(Collections.nCopies(scales, 3.0)),
              new PerScale(Collections.nCopies(scales, tau)),
              0.97,
              0);
      Rows constant = rows(tiny, text, options(3, tau));
      assertSameBits(constant.bits, rows(tiny, text, same).bits);
      // a guidance that is almost 1 keeps the branch to the end
      List<Double> almost = new ArrayList<>(Collections.nCopies(scales, 1.0));
      almost.set(0, 3.0);
      almost.set(1, 3.0);
      almost.set(scales - 1, 1 + 1e-9);
      Sampling whole = Sampling.of(new PerScale(almost), PerScale.of(tau), 0.97, 0);
      Rows ends = rows(tiny, text, options(3, tau).guidedUntil(2, scales));
      Rows stays = rows(tiny, text, whole);
      assertSameBits(stays.bits, ends.bits);
      assertEquals(Collections.nCopies(scales, 4), stays.rows);
      assertEquals(List.of(4, 4), ends.rows.subList(0, 2));
      assertEquals(Collections.nCopies(scales - 2, 2), ends.rows.subList(2, scales));
      assertEquals(0, ends.freed);
      assertEquals(-1, stays.freed);
    }
  }

  @Test
  void guidanceMayBeInsertedBehindALayer() {
    try (TinyInfinity tiny = TinyInfinity.of(3)) {
      Recorder plain = new Recorder();
      Recorder inserted = new Recorder();
      TextEmbeddings text = tiny.text(3);
      tiny.generate(text, null, options(3, 1), new long[] {1}, List.of(), plain);
      Sampling last = Sampling.of(PerScale.of(3), PerScale.of(1), 0.97, -1);
      tiny.generate(text, null, last, new long[] {1}, List.of(), inserted);
      float[] before = plain.lastOutputs.get(0);
      float[] after = inserted.lastOutputs.get(0);
      for (int i = 0; i < before.length / 2; i++) {
        float mixed = 3 * before[i] - 2 * before[before.length / 2 + i];
        assertEquals(mixed, after[i], 1e-4f);
        assertEquals(after[i], after[before.length / 2 + i]);
      }
      Sampling none = Sampling.of(PerScale.of(3), PerScale.of(1), 0.97, -tiny.config.depth());
      assertThrows(
          IllegalArgumentException.class,
          () -> tiny.generate(text, null, none, new long[] {1}, List.of(), new Recorder()));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void lastScaleIsNotStored(long seed) {
    try (TinyInfinity tiny = TinyInfinity.of(seed)) {
      InfinityConfig c = tiny.config;
      Recorder r = new Recorder();
      tiny.generate(tiny.text(3), null, options(3, 1), new long[] {1}, List.of(), r);
      assertEquals(c.depth(), r.caches.size());
      for (Shape s : r.caches) {
        assertEquals(new Shape(2, c.heads(), tiny.schedule.historyTokens(), c.headWidth()), s);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void tapsSeeHistoryAndCurrentMapOfEveryLayer(long seed) {
    try (TinyInfinity tiny = TinyInfinity.of(seed)) {
      List<String> seen = new ArrayList<>();
      AttentionTap tap =
          (site, q, k, v) -> {
            int n = tiny.schedule.tokens(site.scale());
            int keys = tiny.schedule.tokensBefore(site.scale()) + n;
            InfinityConfig c = tiny.config;
            assertEquals(new Shape(4, c.heads(), n, c.headWidth()), q.getShape());
            assertEquals(new Shape(4, c.heads(), keys, c.headWidth()), k.getShape());
            assertEquals(k.getShape(), v.getShape());
            assertEquals(tiny.schedule, site.schedule());
            assertEquals(1, site.softmaxScale());
            seen.add(site.scale() + "/" + site.layer());
          };
      tiny.generate(
          tiny.text(3, 2), null, options(3, 1), new long[2], List.of(tap), new Recorder());
      List<String> expected = new ArrayList<>();
      for (int k = 0; k < tiny.schedule.scales(); k++) {
        for (int layer = 0; layer < tiny.config.depth(); layer++) {
          expected.add(k + "/" + layer);
        }
      }
      assertEquals(expected, seen);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void negativePromptReplacesTheLearnedUnconditionalText(long seed) {
    try (TinyInfinity tiny = TinyInfinity.of(seed)) {
      TextEmbeddings text = tiny.text(4, 6);
      long[] seeds = {5, 6};
      Recorder usual = new Recorder();
      tiny.generate(text, null, options(3, 1), seeds, List.of(), usual);
      Recorder learned = new Recorder();
      TextEmbeddings same = tiny.model.unconditional(text);
      tiny.generate(text, same, options(3, 1), seeds, List.of(), learned);
      assertSameBits(usual.bits, learned.bits);
      Recorder other = new Recorder();
      tiny.generate(text, tiny.text(9, 2), options(3, 1), seeds, List.of(), other);
      assertFalse(Arrays.equals(usual.logits.get(0), other.logits.get(0)));
    }
  }

  @Test
  void summedCodesHaveTheSizeOfTheLatent() {
    for (long seed = 1; seed < 7; seed++) {
      try (TinyInfinity tiny = TinyInfinity.of(seed)) {
        NDArray z =
            tiny.generate(
                tiny.text(3), null, options(1, 1), new long[1], List.of(), new Recorder());
        long factor = tiny.config.patchify() ? 2 : 1;
        assertEquals(
            new Shape(
                1,
                tiny.config.codeBits(),
                factor * tiny.schedule.last().height(),
                factor * tiny.schedule.last().width()),
            z.getShape());
        assertEquals(tiny.manager, z.getManager());
      }
    }
  }

  @Test
  void wrongCallsAreRefused() {
    try (TinyInfinity tiny = TinyInfinity.of(1)) {
      assertRefused("2", () -> generate(tiny, null, 2));
      MultiScaleBsq wrong = new MultiScaleBsq(9);
      assertRefused("9", () -> new InfinityGenerator(tiny.model, wrong));
      assertRefused("2", () -> generate(tiny, tiny.text(3, 4), 1));
    }
  }

  private static void generate(TinyInfinity tiny, TextEmbeddings negative, int seeds) {
    long[] seed = new long[seeds];
    tiny.generate(tiny.text(3), negative, options(3, 1), seed, List.of(), GenerationListener.NONE);
  }

  private static void assertRefused(String value, Executable call) {
    Exception e = assertThrows(IllegalArgumentException.class, call);
    assertTrue(e.getMessage().endsWith("got " + value), e.getMessage());
  }

  /** A long run must not fill the memory: nothing but the result stays. */
  @Test
  void generationsLeaveNothingBehind() {
    try (TinyInfinity tiny = TinyInfinity.of(3)) {
      TextEmbeddings text = tiny.text(4, 6);
      TextEmbeddings negative = tiny.text(2, 3);
      int before = -1;
      for (int i = 0; i < 3; i++) {
        tiny.generate(
                text, negative, options(3, 1), new long[2], List.of(), GenerationListener.NONE)
            .close();
        int now = tiny.manager.getManagedArrays().size();
        assertTrue(before < 0 || now == before, before + " arrays before, " + now + " after");
        before = now;
      }
    }
  }
}
