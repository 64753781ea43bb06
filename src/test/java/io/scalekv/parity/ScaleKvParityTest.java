package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.cache.Attended;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CacheListener;
import io.scalekv.cache.CacheManager;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.KeepScorer;
import io.scalekv.cache.Keeper;
import io.scalekv.cache.Kept;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.ScoredPolicy;
import io.scalekv.cache.TokenMap;
import io.scalekv.cache.policy.ReleasedScaleKv;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.GenerationOptions;
import io.scalekv.model.Schedules;
import io.scalekv.model.infinity.Infinity;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.infinity.InfinityGenerator;
import io.scalekv.model.text.TextFeatures;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.tensor.SafetensorsFile;
import io.scalekv.tensor.TensorSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/**
 * The choice of tokens against ScaleKV's released code: single cuts, a whole schedule of one layer
 * each, and inside a model.
 */
class ScaleKvParityTest {
  @TestFactory
  Stream<DynamicTest> singleCuts() {
    return ParityFiles.tests(
        n -> n.startsWith("scalekv") && !n.startsWith("scalekv-sequence"),
        (file, t, scope) -> ParityFiles.json(t, "cases").forEach(c -> new Cut(t, c).check(scope)));
  }

  @TestFactory
  Stream<DynamicTest> sequences() {
    return ParityFiles.tests(
        n -> n.startsWith("scalekv-sequence"),
        (file, t, scope) -> ParityFiles.json(t, "cases").forEach(c -> checkSequence(t, c, scope)));
  }

  @TestFactory
  Stream<DynamicTest> inAModel() {
    return ParityFiles.tests(n -> n.startsWith("infinity-scalekv-"), ScaleKvParityTest::checkModel);
  }

  private static ReleasedScaleKv scorer(int window, int kernel, String pooling) {
    return new ReleasedScaleKv(
        window,
        kernel,
        pooling.equals("maxpool") ? ReleasedScaleKv.Pool.MAX : ReleasedScaleKv.Pool.AVERAGE);
  }

  /** A policy that notes its choices by map and layer. */
  private record Noted(CachePolicy inner, Map<String, Kept> choices) implements CachePolicy {
    Noted(BudgetPlan plan, KeepScorer scorer) {
      this(ScoredPolicy.of("scalekv-released", plan, scorer), new HashMap<>());
    }

    @Override
    public String name() {
      return inner.name();
    }

    @Override
    public BudgetPlan plan() {
      return inner.plan();
    }

    @Override
    public Keeper keeper(int layer) {
      Keeper keeper = inner.keeper(layer);
      return a -> {
        Kept kept = keeper.keep(a);
        choices.put(a.scale() + "/" + layer, kept);
        return kept;
      };
    }

    Kept choice(int scale, int layer) {
      return choices.get(scale + "/" + layer);
    }
  }

  /** All lists of a choice, row by row and head by head. */
  private static int[] flat(Kept kept, int rows) {
    return IntStream.range(0, rows * kept.heads())
        .flatMap(i -> Arrays.stream(kept.of(i / kept.heads(), i % kept.heads())))
        .toArray();
  }

  /** Pooled scores: −∞ in the file, and +∞ in ours, where the window is. */
  private static void checkScores(TensorSource t, String name, float[] scores) {
    float[] expected = t.floats(name + ".pooled_scores");
    int[] window = t.ints(name + ".window_indices");
    int rows =
        (int)
            Arrays.stream(t.info(name + ".window_indices").shape())
                .limit(2)
                .reduce(1, (a, b) -> a * b);
    int tokens = expected.length / rows;
    assertEquals(expected.length, scores.length, name);
    int at = 0;
    for (int i = 0; i < scores.length; i++) {
      if (scores[i] == Float.POSITIVE_INFINITY) {
        assertEquals(window[at++], i % tokens, name + ": window");
        assertEquals(Float.NEGATIVE_INFINITY, expected[i]);
      } else {
        assertEquals(expected[i], scores[i], 1e-4f, name + ": score " + i);
      }
    }
    assertEquals(window.length, at, name + ": tokens of the window");
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
          scorer(c.get("window").asInt(), c.get("kernel").asInt(), c.get("pooling").asString());
      Noted policy = new Noted(plan, scorer);
      CacheListener scores =
          new CacheListener() {
            @Override
            public void attended(Attended a) {
              if (a.scale() == 1 && t.names().contains(name + ".out.pooled_scores")) {
                checkScores(t, name + ".out", scorer.score(a));
              }
            }
          };
      try (CacheManager caches =
          new CacheManager(
              scope, schedule, policy, CacheType.FP32, CacheType.FP32, false, scores)) {
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

    private void checkCache(Kept kept, KvCache cache, int rows, NDManager scope) {
      assertEquals(c.get("kept").asInt(), cache.tokens(0), name);
      if (!t.names().contains(name + ".out.indices")) {
        assertNull(kept, name + ": nothing to choose");
      } else if (c.get("min_cut_gap").asDouble() == 0) {
        checkTies(flat(kept, rows));
        return;
      } else {
        assertArrayEquals(t.ints(name + ".out.indices"), flat(kept, rows), name);
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

  /** Tokens by map and layer as the file gives them, all that are held where it does not. */
  private static int[][][] capacities(JsonNode byScale, ScaleSchedule schedule, int[] layers) {
    int[][][] tokens = new int[schedule.scales()][layers.length][1];
    for (int k = 1; k < tokens.length; k++) {
      for (int l = 0; l < layers.length; l++) {
        int held = tokens[k - 1][l][0] + schedule.tokens(k - 1);
        JsonNode given = byScale.get(String.valueOf(k + 1));
        tokens[k][l][0] =
            given == null ? held : Math.min(held, given.get(String.valueOf(layers[l])).asInt());
      }
    }
    return tokens;
  }

  private static void checkSequence(TensorSource t, JsonNode c, NDManager scope) {
    ScaleSchedule schedule =
        ScaleSchedule.ofSides(
            Arrays.stream(t.ints("sequence.in.scale_token_counts"))
                .map(n -> (int) Math.round(Math.sqrt(n)))
                .toArray());
    List<Integer> numbers = new ArrayList<>();
    c.get("layers").forEach(l -> numbers.add(l.asInt()));
    int[] layers = numbers.stream().mapToInt(l -> l).toArray();
    JsonNode byScale = ParityFiles.json(t, "capacities_by_scale_index");
    BudgetPlan plan =
        BudgetPlan.ofHeads(schedule, schedule.totalTokens(), capacities(byScale, schedule, layers));
    Noted policy =
        new Noted(
            plan,
            scorer(c.get("window").asInt(), c.get("kernel").asInt(), c.get("pooling").asString()));
    int last = schedule.scales() - 1;
    // the released code cuts after the last map too
    CacheListener lastMap =
        new CacheListener() {
          @Override
          public void attended(Attended a) {
            if (a.scale() == last) {
              String name = "sequence.out.layer" + layers[a.layer()];
              int tokens =
                  byScale
                      .get(String.valueOf(last + 1))
                      .get(String.valueOf(layers[a.layer()]))
                      .asInt();
              Attended cut = a.withBudget(tokens, tokens);
              Kept kept = policy.keeper(a.layer()).keep(cut);
              checkGathered(t, name + ".final_key", a.keys(), kept);
              checkGathered(t, name + ".final_value", a.values(), kept);
            }
          }
        };
    NDArray key = t.load("sequence.in.new_keys", scope);
    NDArray query = t.load("sequence.in.new_queries", scope);
    NDArray value = t.load("sequence.in.new_values", scope);
    try (CacheManager caches =
        new CacheManager(scope, schedule, policy, CacheType.FP32, CacheType.FP32, false, lastMap)) {
      for (int k = 0; k <= last; k++) {
        caches.enter(k);
        NDIndex map =
            new NDIndex(":,:,{}:{}", schedule.tokensBefore(k), schedule.tokensBefore(k + 1));
        for (int l = 0; l < layers.length; l++) {
          try (NDManager step = scope.newSubManager()) {
            NDArray q = query.get(map);
            NDArray kk = key.get(map);
            NDArray v = value.get(map);
            q.attach(step);
            kk.attach(step);
            v.attach(step);
            caches.attend(l, q, kk, v, () -> q);
          }
          String name = "sequence.out.layer" + layers[l];
          Kept kept = policy.choice(k, l);
          String indices = name + ".scale" + k + ".indices";
          assertEquals(t.names().contains(indices), kept != null, indices);
          if (kept != null) {
            assertArrayEquals(t.ints(indices), flat(kept, 1), indices);
          }
          int count = k == last ? kept.tokens(0) : caches.cache(l).tokens(0);
          assertEquals(t.ints(name + ".kept_counts")[k], count, name + " after map " + k);
        }
      }
    }
  }

  /** The chosen rows of [R,G,T,D], exactly. */
  private static void checkGathered(TensorSource t, String name, NDArray held, Kept kept) {
    checkGathered(t, name, held, kept, 0);
  }

  private static void checkGathered(
      TensorSource t, String name, NDArray held, Kept kept, double limit) {
    float[] all = held.toFloatArray();
    float[] expected = t.floats(name);
    int tokens = (int) held.getShape().get(2);
    int d = (int) held.getShape().get(3);
    int rows = (int) held.getShape().get(0) * kept.heads();
    int at = 0;
    for (int i = 0; i < rows; i++) {
      for (int j : kept.of(i / kept.heads(), i % kept.heads())) {
        for (int x = 0; x < d; x++) {
          assertEquals(expected[at++], all[(i * tokens + j) * d + x], limit, name);
        }
      }
    }
    assertEquals(expected.length, at, name);
  }

  private static void checkModel(Path file, TensorSource t, NDManager scope) {
    Path base = file.resolveSibling(t.metadata().get("weights_and_inputs"));
    try (TensorSource model = SafetensorsFile.open(base)) {
      new ModelRun(t, model).check(scope);
    }
  }

  /** A generation with cuts before the last map, and one more after it. */
  private static final class ModelRun implements GenerationListener {
    private final TensorSource t;
    private final TensorSource model;
    private final ScaleSchedule schedule;
    private final ReleasedScaleKv scorer;
    private final int[][] capacities;
    private final Noted policy;
    private final Map<String, Integer> seen = new HashMap<>();

    ModelRun(TensorSource t, TensorSource model) {
      this.t = t;
      this.model = model;
      this.schedule = ParityFiles.schedule(ParityFiles.json(model, "schedule"));
      Map<String, String> m = t.metadata();
      this.scorer =
          scorer(
              Integer.parseInt(m.get("window")),
              Integer.parseInt(m.get("kernel")),
              m.get("pooling"));
      JsonNode given = ParityFiles.json(t, "capacities_by_layer");
      int layers = InfinityParityTest.config(model).depth();
      this.capacities = new int[schedule.scales()][layers];
      int[][] tokens = new int[schedule.scales()][layers];
      for (int k = 0; k < schedule.scales(); k++) {
        JsonNode after = given.get("scale_index_" + k);
        for (int l = 0; l < layers; l++) {
          capacities[k][l] = after == null ? -1 : after.get(l).asInt();
          if (k + 1 < tokens.length) {
            tokens[k + 1][l] = after == null ? schedule.tokensBefore(k + 1) : capacities[k][l];
          }
        }
      }
      int base = Integer.parseInt(m.get("base_capacity"));
      this.policy = new Noted(BudgetPlan.ofTokens(schedule, base, tokens), scorer);
    }

    void check(NDManager scope) {
      InfinityConfig config = InfinityParityTest.config(model);
      Infinity infinity = new Infinity(config, ParityFiles.weights(model, scope));
      TextFeatures text =
          TextFeatures.ofPacked(model.load("in.text_features", scope), model.ints("in.text_lens"));
      double cfg = Double.parseDouble(t.metadata().get("cfg"));
      double ratio = Double.parseDouble(model.metadata().get("h_div_w"));
      new InfinityGenerator(infinity, new MultiScaleBsq(scope, config.codeBits()))
          .generate(
              scope,
              text,
              null,
              schedule,
              Schedules.rotaryReference(ratio),
              new GenerationOptions(cfg, 0, 0.97, false),
              CacheSettings.of(policy),
              new long[text.count()],
              List.of(),
              this);
      int layers = config.depth();
      assertEquals(
          Map.of(
              "output", 2, "logits", 2, "bits", 2, "codes", 2, "query", layers, "cut", 2 * layers),
          seen,
          "comparisons");
    }

    private boolean has(String name, String what) {
      boolean has = t.names().contains(name);
      if (has) {
        seen.merge(what, 1, Integer::sum);
      }
      return has;
    }

    @Override
    public void blockOutput(int scale, int layer, NDArray x) {
      String name = "out.scale" + scale + ".block" + layer + "_output";
      if (has(name, "output")) {
        ParityFiles.assertClose(t, name, x, 1e-4);
      }
    }

    @Override
    public void logits(int scale, NDArray logits) {
      String name = "out.scale" + scale + ".logits";
      if (has(name, "logits")) {
        double tau = Double.parseDouble(t.metadata().get("tau"));
        ParityFiles.assertClose(t, name, logits.div(tau), 1e-4);
      }
    }

    @Override
    public void bits(int scale, NDArray bits) {
      String name = "out.scale" + scale + ".bits";
      if (has(name, "bits")) {
        ParityFiles.assertSame(t, name, bits);
      }
    }

    @Override
    public void summedCodes(int scale, NDArray codes) {
      String name = "out.scale" + scale + ".summed_codes";
      if (has(name, "codes")) {
        ParityFiles.assertClose(t, name, codes, 1e-6);
      }
    }

    @Override
    public void attended(int branch, Attended a) {
      String name = "out.scale" + a.scale() + ".layer" + a.layer();
      if (has(name + ".scoring_query", "query")) {
        ParityFiles.assertClose(t, name + ".scoring_query", a.projectedQuery().get(), 5e-5);
      }
      if (!has(name + ".kept_indices", "cut")) {
        return;
      }
      int[] budget = new int[a.heads().length];
      Arrays.fill(budget, capacities[a.scale()][a.layer()]);
      Attended cut = a.withBudget(budget);
      checkScores(t, name, scorer.score(cut));
      Kept kept = policy.keeper(a.layer()).keep(cut);
      assertArrayEquals(t.ints(name + ".kept_indices"), flat(kept, a.rows()), name);
      if (a.scale() == schedule.scales() - 1) {
        checkGathered(t, "out.cache_k.layer" + a.layer(), a.keys(), kept, 1e-5);
        checkGathered(t, "out.cache_v.layer" + a.layer(), a.values(), kept, 5e-5);
      }
    }

    @Override
    public void cached(int scale, int layer, int branch, KvCache cache) {
      int expected =
          capacities[scale][layer] < 0
              ? schedule.tokensBefore(scale + 1)
              : capacities[scale][layer];
      assertTrue(cache.tokens(0) == expected, "layer " + layer + " after map " + scale);
      Kept kept = policy.choice(scale, layer);
      assertEquals(capacities[scale][layer] >= 0, kept != null);
      if (kept != null) {
        String name = "out.scale" + scale + ".layer" + layer + ".kept_indices";
        assertArrayEquals(t.ints(name), flat(kept, 4), name);
      }
    }
  }
}
