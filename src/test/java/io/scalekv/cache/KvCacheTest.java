package io.scalekv.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.TorchOps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class KvCacheTest {
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 3, 4, 5);
  private static final int D = 8;

  private NDManager m;

  @BeforeEach
  void open() {
    m = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    m.close();
  }

  private NDArray random(int r, int h, int l) {
    return m.randomNormal(0, 1, new Shape(r, h, l, D), DataType.FLOAT32);
  }

  private KvCache cache(CacheType type, int reserve) {
    return new KvCache(m, SCHEDULE, type, type, reserve);
  }

  /** What a cache should hold, as plain lists: [row][head] of (position, key, value). */
  private static final class Oracle {
    private final List<List<float[][]>> heads = new ArrayList<>();
    private float largest;

    Oracle(int rows, int h) {
      for (int i = 0; i < rows * h; i++) {
        heads.add(new ArrayList<>());
      }
    }

    void add(NDArray key, NDArray value, int firstPosition) {
      float[] k = key.toFloatArray();
      float[] v = value.toFloatArray();
      int l = (int) key.getShape().get(2);
      for (int i = 0; i < k.length; i++) {
        largest = Math.max(largest, Math.max(Math.abs(k[i]), Math.abs(v[i])));
      }
      for (int i = 0; i < heads.size(); i++) {
        for (int j = 0; j < l; j++) {
          int at = (i * l + j) * D;
          heads
              .get(i)
              .add(
                  new float[][] {
                    {firstPosition + j},
                    Arrays.copyOfRange(k, at, at + D),
                    Arrays.copyOfRange(v, at, at + D)
                  });
        }
      }
    }

    void keep(RetainedTokens kept, int h) {
      for (int i = 0; i < heads.size(); i++) {
        List<float[][]> all = heads.get(i);
        heads.set(
            i,
            Arrays.stream(kept.of(i / h, i % h))
                .mapToObj(all::get)
                .collect(Collectors.toCollection(ArrayList::new)));
      }
    }

    float[] flat(int part) {
      List<Float> all = new ArrayList<>();
      for (List<float[][]> head : heads) {
        for (float[][] token : head) {
          for (float x : token[part]) {
            all.add(x);
          }
        }
      }
      float[] out = new float[all.size()];
      for (int i = 0; i < out.length; i++) {
        out[i] = all.get(i);
      }
      return out;
    }
  }

  private static RetainedTokens choice(
      SplittableRandom random, int rows, AttentionInputs held, boolean ragged) {
    int heads = held.heads();
    int[] left = new int[heads];
    for (int h = 0; h < heads; h++) {
      left[h] = random.nextInt(ragged ? 0 : 1, held.tokens(h) + 1);
      if (!ragged && h > 0) {
        left[h] = left[0];
      }
    }
    boolean alike = random.nextBoolean();
    int[][] index = new int[alike ? heads : rows * heads][];
    for (int i = 0; i < index.length; i++) {
      int n = left[i % heads];
      int[] all = IntStream.range(0, held.tokens(i % heads)).toArray();
      for (int j = all.length - 1; j > 0; j--) {
        int o = random.nextInt(j + 1);
        int swap = all[j];
        all[j] = all[o];
        all[o] = swap;
      }
      index[i] = Arrays.stream(all).limit(n).sorted().toArray();
    }
    return alike ? RetainedTokens.alike(index) : RetainedTokens.each(heads, index);
  }

  private static void assertNear(float[] expected, float[] got, float tolerance) {
    assertEquals(expected.length, got.length);
    for (int i = 0; i < got.length; i++) {
      assertEquals(expected[i], got[i], tolerance, "at " + i);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void anyChoiceLeavesExactlyThoseTokens(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int rows = random.nextInt(1, 4);
    int heads = random.nextInt(1, 4);
    CacheType type = CacheType.values()[seed % 3];
    boolean ragged = random.nextInt(3) > 0;
    int reserve = random.nextInt(4) == 0 ? SCHEDULE.totalTokens() : 0;
    float rounding =
        switch (type) {
          case FP32 -> 0;
          case BF16 -> 1f / 256;
          case INT8 -> 1.001f / 254;
        };
    try (KvCache cache = cache(type, reserve)) {
      Oracle oracle = new Oracle(rows, heads);
      for (int k = 0; k < SCHEDULE.scales(); k++) {
        NDArray key = random(rows, heads, SCHEDULE.tokens(k));
        NDArray value = random(rows, heads, SCHEDULE.tokens(k));
        try (NDManager scope = m.newSubManager()) {
          AttentionInputs held = cache.read(scope, key, value);
          oracle.add(key, value, SCHEDULE.tokensBefore(k));
          float tolerance = rounding * oracle.largest;
          assertNear(oracle.flat(1), held.flatKeys(CacheType.FP32).toFloatArray(), tolerance);
          assertNear(oracle.flat(2), held.flatValues(CacheType.FP32).toFloatArray(), tolerance);
          checkAttention(held, rows, heads);
          AttentionInputs direct = cache.read(scope, key, value);
          checkRounding(held, direct);
          held = random.nextBoolean() ? held : direct;
          if (random.nextInt(4) == 0) {
            cache.storeAll(held);
          } else {
            RetainedTokens kept = choice(random, rows, held, ragged);
            cache.store(held, kept);
            oracle.keep(kept, heads);
          }
        }
        if (cache.tokens() > 0) {
          NDArray keys = cache.keys(m);
          float tolerance = rounding * oracle.largest;
          assertNear(oracle.flat(1), keys.toFloatArray(), tolerance);
          assertNear(oracle.flat(2), cache.values(m).toFloatArray(), tolerance);
        }
        for (int i = 0; i < rows * heads; i++) {
          int[] positions = oracle.heads.get(i).stream().mapToInt(t -> (int) t[0][0]).toArray();
          assertArrayEquals(positions, cache.positions(i / heads, i % heads));
          assertEquals(positions.length, cache.tokens(i % heads));
        }
      }
    }
  }

  /** The fast paths against one plain attention per head. */
  private void checkAttention(AttentionInputs held, int rows, int heads) {
    NDArray query = random(rows, heads, held.current());
    NDArray out = held.attend(query);
    assertEquals(query.getShape(), out.getShape());
    // the result is a mean of values, each rounded once; rounded logits shift its weights
    NDArray half = TorchOps.call("to_fp32", held.attendBf16(query));
    double values = held.flatValues(CacheType.FP32).abs().max().toFloatArray()[0];
    assertNear(out.toFloatArray(), half.toFloatArray(), (float) (values / 16));
    for (int h = 0; h < heads; h++) {
      NDArray q = query.get(":,{}:{}", h, h + 1).duplicate();
      NDArray expected =
          TorchOps.call(
              "sdpa_unit",
              q,
              held.ofHead(h).keys().get().duplicate(),
              held.ofHead(h).values().get().duplicate());
      assertNear(expected.toFloatArray(), out.get(":,{}:{}", h, h + 1).toFloatArray(), 2e-6f);
    }
  }

  /** Keys and values put together in bfloat16 are those put together in float32, then rounded. */
  private void checkRounding(AttentionInputs wide, AttentionInputs direct) {
    for (boolean keys : new boolean[] {true, false}) {
      NDArray half = keys ? direct.flatKeys(CacheType.BF16) : direct.flatValues(CacheType.BF16);
      NDArray all = keys ? wide.flatKeys(CacheType.FP32) : wide.flatValues(CacheType.FP32);
      NDArray rounded = TorchOps.call("to_bf16", all);
      assertArrayEquals(
          TorchOps.call("to_fp32", rounded).toFloatArray(),
          TorchOps.call("to_fp32", half).toFloatArray());
    }
  }

  @ParameterizedTest
  @EnumSource(CacheType.class)
  void valuesOfHalfAModelAreHeldAsInFloat32(CacheType type) {
    try (KvCache wide = cache(type, 14);
        KvCache half = cache(type, 14)) {
      for (int k = 0; k < 4; k++) {
        NDArray key = random(2, 3, SCHEDULE.tokens(k));
        NDArray value = TorchOps.call("to_bf16", random(2, 3, SCHEDULE.tokens(k)));
        NDArray query = random(2, 3, SCHEDULE.tokens(k));
        try (NDManager scope = m.newSubManager()) {
          AttentionInputs w = wide.read(scope, key, TorchOps.call("to_fp32", value));
          AttentionInputs h = half.read(scope, key, value);
          for (boolean bf16 : new boolean[] {true, false}) {
            NDArray expected = bf16 ? w.attendBf16(query) : w.attend(query);
            NDArray got = bf16 ? h.attendBf16(query) : h.attend(query);
            assertArrayEquals(
                TorchOps.call("to_fp32", expected).toFloatArray(),
                TorchOps.call("to_fp32", got).toFloatArray());
          }
          wide.storeAll(w);
          half.storeAll(h);
        }
        assertArrayEquals(wide.values(m).toFloatArray(), half.values(m).toFloatArray());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(CacheType.class)
  void memoryIsThatOfTheTokensHeld(CacheType type) {
    int rows = 2;
    int heads = 3;
    try (KvCache cache = cache(type, 0)) {
      assertEquals(0, cache.liveBytes());
      for (int k = 0; k < 3; k++) {
        NDArray key = random(rows, heads, SCHEDULE.tokens(k));
        try (NDManager scope = m.newSubManager()) {
          AttentionInputs held = cache.read(scope, key, key);
          if (k < 2) {
            cache.storeAll(held);
          } else {
            cache.store(held, RetainedTokens.alike(new int[][] {{0, 5}, {1, 2, 13}, {7}}));
          }
        }
      }
      assertEquals(6, cache.tokens());
      long numbers = rows * 6L * D;
      long scales = type == CacheType.INT8 ? 4L * (3L * rows * heads * D + rows * 6L) : 0;
      assertEquals(2 * numbers * type.bytes() + scales, cache.liveBytes());
      assertEquals(cache.liveBytes(), cache.allocatedBytes());
    }
  }

  @Test
  void reservedMemoryIsTakenOnce() {
    try (KvCache cache = cache(CacheType.FP32, 14)) {
      for (int k = 0; k < 3; k++) {
        NDArray key = random(2, 3, SCHEDULE.tokens(k));
        try (NDManager scope = m.newSubManager()) {
          cache.storeAll(cache.read(scope, key, key));
        }
        assertEquals(2 * 4L * 2 * 3 * 14 * D, cache.allocatedBytes());
        assertEquals(2 * 4L * 2 * 3 * SCHEDULE.tokensBefore(k + 1) * D, cache.liveBytes());
      }
      NDArray last = random(2, 3, 16);
      AttentionInputs held = cache.read(m, last, last);
      assertEquals(30, held.tokens(0));
      assertEquals(14, cache.tokens(0), "not stored unless it is kept");
    }
  }

  @Test
  void storedBytesDoNotDrift() {
    try (KvCache cache = cache(CacheType.INT8, 0)) {
      float[] first = null;
      for (int k = 0; k < SCHEDULE.scales(); k++) {
        NDArray key = random(1, 1, SCHEDULE.tokens(k));
        try (NDManager scope = m.newSubManager()) {
          AttentionInputs held = cache.read(scope, key, key);
          cache.store(held, RetainedTokens.alike(new int[][] {{0}}));
          float[] now = cache.keys(scope).toFloatArray();
          first = first == null ? now : first;
          assertNear(first, now, 1e-6f);
        }
      }
    }
  }

  @Test
  void nothingIsLeftBehind() {
    int before = m.getManagedArrays().size();
    NDArray key = random(1, 2, 1);
    KvCache cache = cache(CacheType.BF16, 0);
    try (NDManager scope = m.newSubManager()) {
      cache.storeAll(cache.read(scope, key, key));
    }
    assertEquals(before + 3, m.getManagedArrays().size(), "one for keys, one for values");
    cache.close();
    key.close();
    assertEquals(before, m.getManagedArrays().size());
  }

  @Test
  void mismatchesAreRefused() {
    try (KvCache cache = cache(CacheType.FP32, 0)) {
      NDArray k = random(1, 2, 1);
      Exception e =
          assertThrows(IllegalArgumentException.class, () -> cache.read(m, k, random(1, 2, 2)));
      assertTrue(e.getMessage().endsWith("got (1, 2, 1, 8) and (1, 2, 2, 8)"), e.getMessage());
      cache.storeAll(cache.read(m, k, k));
      NDArray other = random(2, 2, 4);
      e = assertThrows(IllegalArgumentException.class, () -> cache.read(m, other, other));
      assertTrue(e.getMessage().endsWith("got (2, 2, 4, 8)"), e.getMessage());
      NDArray three = random(1, 2, 3);
      e = assertThrows(IllegalArgumentException.class, () -> cache.read(m, three, three));
      assertTrue(e.getMessage().contains("scale 2 of"), e.getMessage());
      assertTrue(e.getMessage().endsWith("got 3 tokens"), e.getMessage());
    }
  }

  @Test
  void emptyCacheHasNoTokens() {
    try (KvCache cache = cache(CacheType.FP32, 4)) {
      assertThrows(IllegalStateException.class, () -> cache.keys(m));
      assertEquals(0, cache.tokens());
      assertEquals(0, cache.allocatedBytes());
    }
  }
}
