package io.scalekv.model.infinity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.ScoredPolicy;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenScorer;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Sampling;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A policy of one's own: what the README shows, on a small model. */
class OwnPolicyExampleTest {
  /** Keeps the tokens with the longest values. */
  static CachePolicy longestValues(ScaleSchedule schedule, int layers, int budget) {
    TokenScorer squaredLength =
        a -> {
          try (NDArray squares = a.values().square();
              NDArray sums = squares.sum(new int[] {3})) {
            return sums.toFloatArray();
          }
        };
    BudgetPlan plan = BudgetPlan.uniform(schedule, layers, budget);
    return ScoredPolicy.of("longest-values", plan, squaredLength);
  }

  @Test
  void keepsWhatItScoresHighest() {
    int budget = 7;
    try (TinyInfinity tiny = TinyInfinity.of(3)) {
      ScaleSchedule schedule = tiny.schedule;
      int[] cuts = new int[1];
      GenerationListener watch =
          new GenerationListener() {
            private double least;

            @Override
            public void attended(int branch, SelectionInputs a) {
              least = leastKept(a);
            }

            @Override
            public void cached(int scale, int layer, int branch, KvCache cache) {
              int held = schedule.tokensBefore(scale + 1);
              assertEquals(Math.min(budget, held), cache.tokens(0));
              if (held > budget) {
                NDArray first = cache.keys(tiny.manager);
                assertEquals(budget, first.getShape().get(2));
                double kept = least(cache.values(tiny.manager));
                assertEquals(least, kept, 1e-6 * least, "the longest values of row 0, head 0");
                cuts[0]++;
              }
            }
          };
      NDArray codes =
          tiny.generate(
              tiny.text(3, 5),
              null,
              Sampling.defaults(),
              CacheSettings.of(longestValues(schedule, tiny.config.depth(), budget)),
              new long[] {1, 2},
              List.of(),
              watch);
      assertEquals(2, codes.getShape().get(0));
      assertTrue(cuts[0] >= tiny.config.depth());
    }
  }

  private static double[] lengths(NDArray values) {
    NDArray head = values.get(new NDIndex("0,0"));
    float[] v = head.toFloatArray();
    int d = (int) head.getShape().get(1);
    double[] squares = new double[v.length / d];
    for (int i = 0; i < v.length; i++) {
      squares[i / d] += (double) v[i] * v[i];
    }
    Arrays.sort(squares);
    return squares;
  }

  private static double least(NDArray values) {
    return lengths(values)[0];
  }

  private static double leastKept(SelectionInputs a) {
    double[] all = lengths(a.values());
    return all[all.length - a.budget()[0]];
  }
}
