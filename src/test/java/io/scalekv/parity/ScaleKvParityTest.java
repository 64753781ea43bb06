package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CacheListener;
import io.scalekv.cache.CacheManager;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenMap;
import io.scalekv.cache.policy.ReleasedScaleKv;
import io.scalekv.weights.TensorSource;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** Single cuts of one layer against ScaleKV's released code. */
class ScaleKvParityTest {
  @TestFactory
  Stream<DynamicTest> singleCuts() {
    return ParityFiles.tests(
        n -> n.startsWith("scalekv") && !n.startsWith("scalekv-sequence"),
        (file, t, scope) -> ParityFiles.json(t, "cases").forEach(c -> new Cut(t, c).check(scope)));
  }

  /** One cut of one layer: history, one map, and a next map to be cut for. */
  private static final class Cut {
    private final TensorSource t;
    private final JsonNode c;
    private final String name;
    private final String in;
    private final int tokens;
    private final int current;

    Cut(TensorSource t, JsonNode c) {
      this.t = t;
      this.c = c;
      this.name = c.get("case").asString();
      this.in = c.get("inputs_from").asString() + ".in.";
      this.tokens = c.get("key_len").asInt();
      this.current = c.get("query_len").asInt();
    }

    void check(NDManager scope) {
      int history = tokens - current;
      int side = (int) Math.round(Math.sqrt(current));
      ScaleSchedule schedule =
          new ScaleSchedule(
              List.of(new TokenMap(1, history), new TokenMap(side, side), new TokenMap(1, 1)));
      int base = c.get("base_capacity").asInt();
      boolean reached = BudgetPlan.firstCutScale(schedule, base) <= 2;
      int mine = reached ? Math.min(tokens, c.get("capacity").asInt()) : tokens;
      // another layer makes up for more than the mean
      int other = Math.min(tokens, 2 * base - mine);
      BudgetPlan plan =
          BudgetPlan.ofTokens(
              schedule, base, new int[][] {{0, 0}, {history, history}, {mine, other}});
      ReleasedScaleKv scorer =
          ReleasedParity.scorer(
              c.get("window").asInt(), c.get("kernel").asInt(), c.get("pooling").asString());
      ReleasedParity.Noted policy = new ReleasedParity.Noted(plan, scorer);
      CacheListener scores =
          new CacheListener() {
            @Override
            public void attended(SelectionInputs a) {
              if (a.scale() == 1 && t.names().contains(name + ".out.pooled_scores")) {
                ReleasedParity.checkScores(t, name + ".out", scorer.score(a));
              }
            }
          };
      try (CacheManager caches =
          new CacheManager(
              scope, policy, CacheType.FP32, CacheType.FP32, CacheManager.Attention.FP32, scores)) {
        NDArray key = t.load(in + "key", scope);
        NDArray value = t.load(in + "value", scope);
        NDArray query = t.load(in + "query", scope);
        NDIndex old = new NDIndex(":,:,0:{}", history);
        NDIndex now = new NDIndex(":,:,{}:", history);
        caches.enter(0);
        caches.attend(0, key.get(old), key.get(old), value.get(old), () -> null);
        caches.enter(1);
        caches.attend(0, query, key.get(now), value.get(now), () -> query);
        checkCache(policy.choice(1, 0), caches.cache(0), (int) key.getShape().get(0), scope);
      }
    }

    private void checkCache(RetainedTokens kept, KvCache cache, int rows, NDManager scope) {
      assertEquals(c.get("kept").asInt(), cache.tokens(0), name);
      if (!t.names().contains(name + ".out.indices")) {
        assertNull(kept, name + ": nothing to choose");
      } else if (c.get("min_cut_gap").asDouble() == 0) {
        checkTies(ReleasedParity.flat(kept, rows));
        return;
      } else {
        assertArrayEquals(t.ints(name + ".out.indices"), ReleasedParity.flat(kept, rows), name);
      }
      ParityFiles.assertClose(t, name + ".out.key", cache.keys(scope), 0);
      ParityFiles.assertClose(t, name + ".out.value", cache.values(scope), 0);
    }

    /** Which of equal scores stay is not told: the same scores stay. */
    private void checkTies(int[] got) {
      float[] scores = t.floats(name + ".out.pooled_scores");
      int[] expected = t.ints(name + ".out.indices");
      assertEquals(expected.length, got.length);
      int kept = c.get("kept").asInt();
      for (int i = 0; i < expected.length; i += kept) {
        int from = i / kept * tokens;
        assertArrayEquals(sorted(scores, from, expected, i), sorted(scores, from, got, i), name);
      }
    }

    private float[] sorted(float[] scores, int from, int[] index, int at) {
      float[] s = new float[c.get("kept").asInt()];
      for (int i = 0; i < s.length; i++) {
        s[i] = scores[from + index[at + i]];
      }
      Arrays.sort(s);
      return s;
    }
  }
}
