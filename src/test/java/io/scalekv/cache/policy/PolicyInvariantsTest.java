package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.FullPolicy;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariants of every policy over random shapes and budgets. */
class PolicyInvariantsTest {
  private static final int SEEDS = 6;

  private static final String[] WITH_SETTINGS = {
    "streaming-llm:sinks=scales:2",
    "streaming-llm:sinks=fill",
    "h2o:normalise=count",
    "h2o:recent=grid",
    "snapkv:w=4,window=grid",
    "snapkv:w=5,pool=1d-map",
    "snapkv:kernel=3,pool=2d-map",
    "pyramidkv:beta=2,small=uniform",
    "pyramidkv:beta=1,w=3",
    "scalekv:allocation=paper",
    "scalekv:pool=2d-map",
    "scalekv-released:pool=avg",
    "scalekv-released:kernel=1,window=4",
    "heatkv:strict=false",
    "ams-kv:c=1,high=3",
    "hack:alpha=0.3,rho=0.4,phase=pre",
    "error-curve:prior=0.5,pool=grid,accumulate=0.9",
    "error-curve:prior=0,queries=4,score=softmax,weight=relative",
    "error-curve:allocation=uniform,protect=2"
  };

  static Stream<String> specs() {
    return Stream.concat(
        Policies.all().stream().map(PolicyKind::name), Arrays.stream(WITH_SETTINGS));
  }

  static Stream<Arguments> cases() {
    return specs()
        .flatMap(
            spec -> Stream.iterate(1, i -> i <= SEEDS, i -> i + 1).map(i -> Arguments.of(spec, i)));
  }

  private static CachePolicy policy(String spec, RandomGeneration g, int budget, int seed) {
    return Policies.create(
        PolicySpec.parse(spec), g.context(budget, seed, RandomCalibration.of(g, seed)));
  }

  /** The policy with the given budget, or with the least larger one that it can live with. */
  private static CachePolicy feasible(String spec, RandomGeneration g, int budget, int seed) {
    int all = g.schedule().historyTokens();
    for (int b = budget; b < all; b++) {
      try {
        return policy(spec, g, b, seed);
      } catch (BudgetTooSmallException e) {
        assertTrue(e.getMessage().contains("n/a"), e.getMessage());
      }
    }
    return policy(spec, g, Math.max(budget, all), seed);
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("cases")
  void holds(String spec, int seed) {
    RandomGeneration g = RandomGeneration.of(seed);
    SplittableRandom random = new SplittableRandom(seed);
    int budget = seed == 1 ? 1 : random.nextInt(1, g.schedule().historyTokens() + 2);
    CachePolicy policy = feasible(spec, g, budget, seed);
    BudgetPlan plan = policy.plan();
    RandomGeneration.Trace trace = g.run(policy);
    for (int k = 0; k + 1 < g.schedule().scales(); k++) {
      long tokens = trace.sum(k);
      assertTrue(
          tokens <= (long) g.layers() * g.heads() * plan.budget(),
          plan.budget()
              + " tokens a head must not be exceeded, got "
              + tokens
              + " in all after map "
              + k);
      checkPositions(g, plan, trace, k);
      if (plan.evicts()) {
        long bytes = 2 * 4 * tokens * g.rows() * RandomGeneration.WIDTH;
        assertEquals(bytes, trace.liveBytes()[k], "live bytes after map " + k);
        assertEquals(bytes, trace.allocatedBytes()[k], "allocated bytes after map " + k);
      }
    }
    RandomGeneration.Trace again = g.run(feasible(spec, g, budget, seed));
    assertTrue(Arrays.deepEquals(trace.positions(), again.positions()), "the same choice again");
  }

  private static void checkPositions(
      RandomGeneration g, BudgetPlan plan, RandomGeneration.Trace trace, int k) {
    int first = g.schedule().tokensBefore(k);
    int end = g.schedule().tokensBefore(k + 1);
    for (int l = 0; l < g.layers(); l++) {
      for (int h = 0; h < g.heads(); h++) {
        int most = plan.tokens(k + 1, l, h);
        for (int r = 0; r < g.rows(); r++) {
          String where = "map " + k + ", layer " + l + ", head " + h + ", row " + r;
          int[] now = trace.positions()[k][l][r][h];
          assertTrue(now.length <= most, where + ": at most " + most + ", got " + now.length);
          int[] sorted = Arrays.stream(now).distinct().sorted().toArray();
          assertArrayEquals(sorted, now, where);
          assertTrue(now.length == 0 || now[now.length - 1] < end, where);
          int[] before = k == 0 ? new int[0] : trace.positions()[k - 1][l][r][h];
          for (int p : now) {
            assertTrue(
                p >= first || Arrays.binarySearch(before, p) >= 0,
                where + ": position " + p + " came back");
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("specs")
  void aPlanForAllTokensChangesNothing(String spec) {
    for (int seed = 1; seed <= 2; seed++) {
      RandomGeneration g = RandomGeneration.of(seed);
      RandomGeneration.Trace full = g.run(new FullPolicy(g.schedule(), g.layers()));
      for (int more : new int[] {0, 5}) {
        CachePolicy policy = policy(spec, g, g.schedule().historyTokens() + more, seed);
        RandomGeneration.Trace trace = g.run(policy);
        assertEquals(full.outputs().size(), trace.outputs().size());
        for (int i = 0; i < full.outputs().size(); i++) {
          assertArrayEquals(full.outputs().get(i), trace.outputs().get(i), "output " + i);
        }
      }
    }
  }
}
