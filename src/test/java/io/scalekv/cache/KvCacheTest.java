package io.scalekv.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KvCacheTest {
  private NDManager m;

  @BeforeEach
  void open() {
    m = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    m.close();
  }

  private NDArray random(int b, int h, int l, int d) {
    return m.randomNormal(0, 1, new Shape(b, h, l, d), DataType.FLOAT32);
  }

  @Test
  void holdsWhatWasAppendedInOrder() {
    try (KvCache cache = new KvCache(m, 9)) {
      assertEquals(0, cache.bytes());
      NDArray k = random(2, 3, 1, 4);
      NDArray v = random(2, 3, 1, 4);
      cache.append(k, v);
      NDArray k2 = random(2, 3, 4, 4);
      NDArray v2 = random(2, 3, 4, 4);
      cache.append(k2, v2);
      assertEquals(5, cache.tokens());
      assertEquals(2 * 2 * 3 * 9 * 4 * 4L, cache.bytes());
      NDArray keys = cache.keys(m);
      assertEquals(new Shape(2, 3, 5, 4), keys.getShape());
      assertArrayEquals(k.concat(k2, 2).toFloatArray(), keys.toFloatArray());
      assertArrayEquals(v.concat(v2, 2).toFloatArray(), cache.values(m).toFloatArray());
    }
  }

  @Test
  void viewsBelongToTheScopeAndShareTheMemory() {
    try (KvCache cache = new KvCache(m, 4)) {
      cache.append(random(1, 1, 2, 4), random(1, 1, 2, 4));
      int before = m.getManagedArrays().size();
      try (NDManager scope = m.newSubManager()) {
        NDArray keys = cache.keys(scope);
        NDArray values = cache.values(scope);
        assertEquals(scope, keys.getManager());
        assertEquals(scope, values.getManager());
        keys.set(new ai.djl.ndarray.index.NDIndex("0,0,1,3"), 42f);
      }
      assertEquals(before, m.getManagedArrays().size(), "nothing left in the cache's manager");
      assertEquals(42, cache.keys(m).getFloat(0, 0, 1, 3));
    }
  }

  @Test
  void overflowIsTold() {
    try (KvCache cache = new KvCache(m, 4)) {
      cache.append(random(1, 1, 3, 4), random(1, 1, 3, 4));
      NDArray two = random(1, 1, 2, 4);
      Exception e = assertThrows(IllegalArgumentException.class, () -> cache.append(two, two));
      assertEquals("kv cache: at most 4 tokens expected, got 5", e.getMessage());
      assertEquals(3, cache.tokens());
    }
  }

  @Test
  void mismatchesAreTold() {
    try (KvCache cache = new KvCache(m, 4)) {
      NDArray k = random(1, 2, 1, 4);
      Exception e =
          assertThrows(IllegalArgumentException.class, () -> cache.append(k, random(1, 2, 2, 4)));
      assertEquals("kv cache: keys (1, 2, 1, 4) but values (1, 2, 2, 4)", e.getMessage());
      cache.append(k, k);
      NDArray other = random(2, 2, 1, 4);
      e = assertThrows(IllegalArgumentException.class, () -> cache.append(other, other));
      assertEquals(
          "kv cache: (1, 2, 4, 4) but for the tokens expected, got (2, 2, 1, 4)", e.getMessage());
      assertEquals(1, cache.tokens());
    }
  }

  @Test
  void emptyCacheHasNoViews() {
    try (KvCache cache = new KvCache(m, 4)) {
      Exception e = assertThrows(IllegalStateException.class, () -> cache.keys(m));
      assertEquals("kv cache: at least one map expected, got none yet", e.getMessage());
    }
  }

  @Test
  void closingFreesTheMemory() {
    int before = m.getManagedArrays().size();
    KvCache cache = new KvCache(m, 4);
    try (NDArray k = random(1, 2, 1, 4)) {
      cache.append(k, k);
    }
    assertEquals(before + 2, m.getManagedArrays().size());
    cache.close();
    assertEquals(before, m.getManagedArrays().size());
  }
}
