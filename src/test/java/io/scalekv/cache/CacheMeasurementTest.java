package io.scalekv.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CacheMeasurementTest {
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 4, 6, 8);
  private static final int LAYERS = 3;
  private static final int HEADS = 2;

  /** Keeps the first tokens of every head. */
  private record First(BudgetPlan plan) implements CachePolicy {
    @Override
    public String name() {
      return "first";
    }

    @Override
    public TokenSelector selector(int layer) {
      return a -> {
        int[][] kept = new int[a.heads().length][];
        for (int g = 0; g < kept.length; g++) {
          kept[g] = IntStream.range(0, a.budget()[g]).toArray();
        }
        return RetainedTokens.alike(kept);
      };
    }
  }

  private static BudgetPlan byHeads(int budget) {
    int[][][] tokens = new int[SCHEDULE.scales()][LAYERS][HEADS];
    for (int k = 1; k < SCHEDULE.scales(); k++) {
      for (int l = 0; l < LAYERS; l++) {
        for (int h = 0; h < HEADS; h++) {
          int most = (h + l) % 2 == 0 ? budget + 3 : budget - 3;
          tokens[k][l][h] = Math.min(most, tokens[k - 1][l][h] + SCHEDULE.tokens(k - 1));
        }
      }
    }
    // layer 0 and 2 give the even head more, layer 1 the odd one: the mean is the budget
    return BudgetPlan.ofHeads(SCHEDULE, budget, tokens);
  }

  @ParameterizedTest
  @CsvSource({
    "FP32,FP32,57",
    "FP32,BF16,12",
    "BF16,BF16,12",
    "INT8,INT8,12",
    "INT8,BF16,57",
    "FP32,BF16,7"
  })
  void bytesHeldAreThoseOfTheFormulaAfterEveryMap(CacheType keys, CacheType values, int budget) {
    MemoryModel memory = MemoryModel.of(LAYERS, 16, HEADS, keys, values, 2, 2);
    List<CachePolicy> policies = new ArrayList<>();
    policies.add(new First(BudgetPlan.uniform(SCHEDULE, LAYERS, budget)));
    if (budget < 57) {
      policies.add(new First(byHeads(budget)));
    }
    for (CachePolicy policy : policies) {
      List<Integer> told = new ArrayList<>();
      CacheMeasurement.Result result =
          CacheMeasurement.run(policy, memory, keys, values, HEADS, told::add);
      assertEquals(List.of(0, 1, 2, 3, 4), told);
      assertEquals(4, result.maps().size());
      for (CacheMeasurement.AfterMap m : result.maps()) {
        assertEquals(m.formulaBytes(), m.liveBytes(), "map " + m.scale());
        if (policy.plan().cuts() || keys == CacheType.INT8 || values == CacheType.INT8) {
          assertEquals(m.liveBytes(), m.allocatedBytes(), "map " + m.scale());
        }
      }
      if (policy.plan().headsAlike()) {
        int tokens = Math.min(budget, SCHEDULE.historyTokens());
        assertEquals(memory.bytes(tokens, 4), result.maps().get(3).liveBytes());
        assertTrue(result.peakBytes() >= memory.bytes(tokens, 4));
      }
    }
  }
}
