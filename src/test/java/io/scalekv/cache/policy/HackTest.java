package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CacheListener;
import io.scalekv.cache.CacheManager;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HackTest {
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 3, 4, 5, 6);

  private static CachePolicy create(
      String spec, ScaleSchedule schedule, int budget, double[]... variance) {
    PolicyCalibration calibration = PolicyCalibration.NONE.with(PolicyCalibration.HACK, variance);
    return Policies.create(
        PolicySpec.parse(spec),
        new PolicyContext(
            schedule,
            new Geometry(variance.length, variance[0].length, 1),
            budget,
            0,
            calibration));
  }

  @Test
  void structuralHeadsHoldWhatContextualOnesSave() {
    double[][] variance = {{4, 1, 3}, {2, 6, 5}};
    BudgetPlan plan = create("hack", SCHEDULE, 20, variance).plan();
    // contextual: 1, 2, 3 with 4 tokens each; 108 are left for three
    assertTokens(plan, 5, new int[][] {{36, 4, 4}, {4, 36, 36}});
    // 30 tokens before map 4: structural heads hold all, contextual ones what is left
    assertTokens(plan, 4, new int[][] {{30, 10, 10}, {10, 30, 30}});
    assertTokens(plan, 3, new int[][] {{14, 14, 14}, {14, 14, 14}});
  }

  @Test
  void whatDoesNotDivideGoesToTheHighestVariance() {
    double[][] variance = {{4, 1, 3, 2}, {7, 6, 5, 8}};
    BudgetPlan plan = create("hack:alpha=0.125,rho=0", SCHEDULE, 20, variance).plan();
    // one contextual head with 1 token; 159 for seven: 22 each and 5 more
    assertTokens(plan, 5, new int[][] {{23, 1, 22, 22}, {23, 23, 23, 23}});
  }

  private static void assertTokens(BudgetPlan plan, int scale, int[][] expected) {
    for (int l = 0; l < expected.length; l++) {
      for (int h = 0; h < expected[l].length; h++) {
        assertEquals(expected[l][h], plan.tokens(scale, l, h), "layer " + l + " head " + h);
      }
    }
  }

  static IntStream seeds() {
    return IntStream.rangeClosed(1, 60);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void budgetsAreSpentExactly(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int layers = random.nextInt(1, 5);
    int heads = random.nextInt(1, 5);
    int budget = random.nextInt(1, SCHEDULE.historyTokens() + 5);
    double[][] variance = new double[layers][];
    for (int l = 0; l < layers; l++) {
      variance[l] = random.doubles(heads).toArray();
    }
    String spec =
        String.format("hack:alpha=%.2f,rho=%.2f", random.nextDouble(), random.nextDouble());
    BudgetPlan plan = create(spec, SCHEDULE, budget, variance).plan();
    for (int k = 0; k < SCHEDULE.scales(); k++) {
      assertEquals(Math.min(budget, SCHEDULE.tokensBefore(k)), plan.mean(k), 1e-9);
      for (int l = 0; l < layers; l++) {
        for (int h = 0; h < heads; h++) {
          for (int o = 0; o < heads; o++) {
            if (variance[l][h] > variance[l][o]) {
              assertTrue(plan.tokens(k, l, h) >= plan.tokens(k, l, o), "more for more variance");
            }
          }
          assertTrue(k == 0 || plan.tokens(k, l, h) >= 1);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 9", "1, 9"})
  void oneKindOfHeadMeansEqualBudgets(double alpha, int budget) {
    CachePolicy policy = create("hack:alpha=" + alpha, SCHEDULE, budget, new double[] {1, 2});
    assertEquals(BudgetPlan.uniform(SCHEDULE, 1, budget), policy.plan());
  }

  @Test
  void nameStatesItsSource() {
    CachePolicy policy = create("hack", SCHEDULE, 9, new double[] {1, 2});
    assertEquals("hack (from notes)", policy.name());
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> create("hack", SCHEDULE, 9, new double[] {1, 2}, new double[] {1}));
    assertTrue(e.getMessage().endsWith("[2, 1]"), e.getMessage());
  }

  /** Sum of the softmax over 32 evenly spaced queries, the obvious way, one row and head. */
  private static double[] observed(float[] q, float[] k, int width) {
    int tokens = q.length / width;
    int n = Math.min(32, tokens);
    double[] sums = new double[k.length / width];
    for (int i = 0; i < n; i++) {
      int query = (int) Math.floor((i + 0.5) * tokens / n);
      double[] p = new double[sums.length];
      double total = 0;
      for (int j = 0; j < p.length; j++) {
        double dot = 0;
        for (int d = 0; d < width; d++) {
          dot += (double) q[query * width + d] * k[j * width + d];
        }
        p[j] = Math.exp(dot);
        total += p[j];
      }
      for (int j = 0; j < p.length; j++) {
        sums[j] += p[j] / total;
      }
    }
    return sums;
  }

  /** The tokens of that many highest scores within from..to, sorted. */
  private static List<Integer> top(double[] scores, int from, int to, int count) {
    return IntStream.range(from, to)
        .boxed()
        .sorted(Comparator.comparingDouble(j -> -scores[j]))
        .limit(count)
        .sorted()
        .toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void choosesAsDescribed(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int rows = 2;
    int width = 4;
    int scale = 5;
    int current = SCHEDULE.tokens(scale);
    int history = random.nextInt(10, 30);
    int held = history + current;
    CachePolicy policy =
        create("hack", SCHEDULE, 20, new double[] {1, 3, 4}, new double[] {0, 2, 1.5});
    int[] budget = {5, random.nextInt(6, 12), current + 5 + random.nextInt(1, history - 6)};
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      NDArray q = m.randomNormal(0, 1, new Shape(rows, 3, current, width), DataType.FLOAT32);
      NDArray k = m.randomNormal(0, 1, new Shape(rows, 3, held, width), DataType.FLOAT32);
      SelectionInputs a =
          new SelectionInputs(
              0,
              scale,
              SCHEDULE,
              new int[] {0, 1, 2},
              q,
              () -> q,
              SelectionInputs.Held.of(k, k),
              1,
              budget,
              SelectionInputs.Origins.complete(history));
      RetainedTokens kept = policy.selector(0).select(a);
      float[] queries = q.toFloatArray();
      float[] keys = k.toFloatArray();
      for (int i = 0; i < rows * 3; i++) {
        double[] s =
            observed(
                Arrays.copyOfRange(queries, i * current * width, (i + 1) * current * width),
                Arrays.copyOfRange(keys, i * held * width, (i + 1) * held * width),
                width);
        List<Integer> expected = new ArrayList<>();
        switch (i % 3) {
          case 0 -> expected.addAll(top(s, 0, held, 5));
          case 1 -> {
            IntStream.range(0, 5).forEach(expected::add);
            expected.addAll(top(s, history, held, budget[1] - 5));
          }
          default -> {
            IntStream.range(0, 5).forEach(expected::add);
            expected.addAll(top(s, 5, history, budget[2] - 5 - current));
            IntStream.range(history, held).forEach(expected::add);
          }
        }
        assertArrayEquals(
            expected.stream().mapToInt(Integer::intValue).toArray(),
            kept.of(i / 3, i % 3),
            "row " + i / 3 + " head " + i % 3);
      }
    }
  }

  /** Positions held and attention outputs of a generation with random numbers. */
  private static List<Object> generate(CachePolicy policy, int seed) {
    List<Object> seen = new ArrayList<>();
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      SplittableRandom random = new SplittableRandom(seed);
      CacheListener listener =
          new CacheListener() {
            @Override
            public void cached(int layer, KvCache cache) {
              for (int h = 0; h < 3; h++) {
                seen.add(Arrays.toString(cache.positions(1, h)));
              }
            }
          };
      try (CacheManager caches =
          new CacheManager(
              m, policy, CacheType.FP32, CacheType.FP32, CacheManager.Attention.FP32, listener)) {
        for (int k = 0; k < SCHEDULE.scales(); k++) {
          caches.enter(k);
          NDArray[] x = new NDArray[3];
          for (int i = 0; i < 3; i++) {
            float[] values = new float[2 * 3 * SCHEDULE.tokens(k) * 4];
            for (int j = 0; j < values.length; j++) {
              values[j] = (float) (random.nextDouble() * 4 - 2);
            }
            x[i] = m.create(values, new Shape(2, 3, SCHEDULE.tokens(k), 4)).duplicate();
          }
          NDArray query = x[0];
          seen.add(caches.attend(0, query, x[1], x[2], () -> query).toFloatArray());
        }
      }
    }
    return seen;
  }

  @Test
  void bothPhasesStoreTheSameAndPreReadsLess() {
    double[] variance = {1, 2, 3};
    List<Object> post = generate(create("hack", SCHEDULE, 12, variance), 5);
    List<Object> pre = generate(create("hack:phase=pre", SCHEDULE, 12, variance), 5);
    List<Object> full = generate(create("hack", SCHEDULE, 55, variance), 5);
    assertEquals(post.size(), pre.size());
    int outputs = 0;
    for (int i = 0; i < post.size(); i++) {
      if (post.get(i) instanceof String) {
        assertEquals(post.get(i), pre.get(i));
      } else {
        boolean same = Arrays.equals((float[]) post.get(i), (float[]) pre.get(i));
        assertEquals(outputs < 2, same, "map " + outputs);
        assertEquals(outputs < 3, Arrays.equals((float[]) post.get(i), (float[]) full.get(i)));
        outputs++;
      }
    }
    assertEquals(SCHEDULE.scales(), outputs);
  }

  @Test
  void theLastMapReadsNoMoreThanItsPlanWherePhaseIsPre() {
    List<Integer> read = new ArrayList<>();
    CachePolicy policy = create("hack:phase=pre", SCHEDULE, 12, new double[] {1, 2, 3});
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      CacheListener listener =
          new CacheListener() {
            @Override
            public void attended(SelectionInputs a) {
              if (a.scale() == SCHEDULE.scales() - 1) {
                read.addAll(Arrays.stream(a.budget()).boxed().toList());
              }
            }
          };
      try (CacheManager caches =
          new CacheManager(
              m, policy, CacheType.FP32, CacheType.FP32, CacheManager.Attention.FP32, listener)) {
        for (int k = 0; k < SCHEDULE.scales(); k++) {
          caches.enter(k);
          NDArray x =
              m.randomNormal(0, 1, new Shape(1, 3, SCHEDULE.tokens(k), 4), DataType.FLOAT32);
          NDArray v = x.onesLike(); // so that all outputs are 1, whatever is read
          NDArray out = caches.attend(0, x, x, v, () -> x);
          assertEquals(x.size(), out.sum().getFloat(), 1e-2 * x.size());
        }
      }
    }
    int last = SCHEDULE.scales() - 1;
    assertEquals(
        List.of(
            policy.plan().tokens(last, 0, 0),
            policy.plan().tokens(last, 0, 1),
            policy.plan().tokens(last, 0, 2)),
        read);
  }
}
