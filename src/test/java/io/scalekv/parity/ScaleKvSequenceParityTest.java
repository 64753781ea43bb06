package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CacheListener;
import io.scalekv.cache.CacheManager;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.weights.TensorSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** The cuts of a whole schedule, in some layers, against ScaleKV's released code. */
class ScaleKvSequenceParityTest {
  @TestFactory
  Stream<DynamicTest> sequences() {
    return ParityFiles.tests(
        n -> n.startsWith("scalekv-sequence"),
        (file, t, scope) -> ParityFiles.json(t, "cases").forEach(c -> check(t, c, scope)));
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

  private static void check(TensorSource t, JsonNode c, NDManager scope) {
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
    ReleasedParity.Noted policy =
        new ReleasedParity.Noted(
            plan,
            ReleasedParity.scorer(
                c.get("window").asInt(), c.get("kernel").asInt(), c.get("pooling").asString()));
    int last = schedule.scales() - 1;
    // the released code cuts after the last map too
    CacheListener lastMap =
        new CacheListener() {
          @Override
          public void attended(SelectionInputs a) {
            if (a.scale() == last) {
              String name = "sequence.out.layer" + layers[a.layer()];
              int tokens =
                  byScale
                      .get(String.valueOf(last + 1))
                      .get(String.valueOf(layers[a.layer()]))
                      .asInt();
              SelectionInputs cut = ReleasedParity.withBudget(a, tokens, tokens);
              RetainedTokens kept = policy.selector(a.layer()).select(cut);
              ReleasedParity.checkGathered(t, name + ".final_key", a.keys(), kept);
              ReleasedParity.checkGathered(t, name + ".final_value", a.values(), kept);
            }
          }
        };
    NDArray key = t.load("sequence.in.new_keys", scope);
    NDArray query = t.load("sequence.in.new_queries", scope);
    NDArray value = t.load("sequence.in.new_values", scope);
    try (CacheManager caches =
        new CacheManager(
            scope, policy, CacheType.FP32, CacheType.FP32, CacheManager.Attention.FP32, lastMap)) {
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
          RetainedTokens kept = policy.choice(k, l);
          String indices = name + ".scale" + k + ".indices";
          assertEquals(t.names().contains(indices), kept != null, indices);
          if (kept != null) {
            assertArrayEquals(t.ints(indices), ReleasedParity.flat(kept, 1), indices);
          }
          int count = k == last ? kept.tokens(0) : caches.cache(l).tokens(0);
          assertEquals(t.ints(name + ".kept_counts")[k], count, name + " after map " + k);
        }
      }
    }
  }
}
