package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenSelector;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The choices of the scoring policies against their scores written out in double precision. */
class ScoreOracleTest {
  private static final double MARGIN = 1e-5;

  /** Choices compared, and those that rounding could not have changed. */
  private static final class Tally {
    int all;
    int decided;
  }

  /** A policy whose every choice is compared. */
  private record Checked(CachePolicy inner, Supplier<ScoreOracle> oracle, Tally tally)
      implements CachePolicy {
    @Override
    public String name() {
      return inner.name();
    }

    @Override
    public BudgetPlan plan() {
      return inner.plan();
    }

    @Override
    public TokenSelector selector(int layer) {
      TokenSelector keeper = inner.selector(layer);
      ScoreOracle own = oracle.get();
      return new TokenSelector() {
        @Override
        public void observe(SelectionInputs a) {
          keeper.observe(a);
          own.attended(a);
        }

        @Override
        public RetainedTokens select(SelectionInputs a) {
          RetainedTokens kept = keeper.select(a);
          double[][] scores = own.score(a);
          for (int i = 0; i < scores.length; i++) {
            compare(scores[i], kept.of(i / a.heads().length, i % a.heads().length), a);
          }
          own.kept(kept);
          return kept;
        }
      };
    }

    private void compare(double[] scores, int[] kept, SelectionInputs a) {
      int budget = a.budget()[0];
      assertEquals(budget, kept.length);
      if (budget == 0) {
        return;
      }
      double[] sorted = scores.clone();
      Arrays.sort(sorted);
      double least = sorted[sorted.length - budget];
      double next = sorted[sorted.length - budget - 1];
      for (int j = 0; j < scores.length; j++) {
        boolean in = Arrays.binarySearch(kept, j) >= 0;
        String where = name() + ", map " + a.scale() + ", token " + j + ": " + scores[j];
        assertTrue(in || !(scores[j] > least + MARGIN), where + " dropped below " + least);
        assertTrue(!in || !(scores[j] < least - MARGIN), where + " kept above " + least);
      }
      tally.all++;
      tally.decided += least - next > MARGIN ? 1 : 0;
    }
  }

  private static ScoreOracle oracle(String spec, int budget) {
    return switch (spec) {
      case "h2o" -> ScoreOracle.h2o(false, false);
      case "h2o:normalise=count" -> ScoreOracle.h2o(true, false);
      case "h2o:normalise=count,recent=grid" -> ScoreOracle.h2o(true, true);
      case "snapkv" -> ScoreOracle.snapkv(32, 5, false, "1d-cache", budget / 2);
      case "snapkv:kernel=3,pool=1d-map,w=5" ->
          ScoreOracle.snapkv(5, 3, false, "1d-map", budget / 2);
      case "snapkv:pool=2d-map,window=grid,w=10" ->
          ScoreOracle.snapkv(10, 5, true, "2d-map", budget / 2);
      case "pyramidkv:beta=4,kernel=1" -> ScoreOracle.snapkv(32, 1, false, "1d-cache", budget / 2);
      case "scalekv", "scalekv:allocation=paper" -> ScoreOracle.scalekv(5, "1d-cache");
      case "scalekv:kernel=3,pool=2d-map" -> ScoreOracle.scalekv(3, "2d-map");
      case "scalekv:queries=projection" -> ScoreOracle.scalekv(5, "1d-cache", true, true, false);
      case "scalekv:score=logits" -> ScoreOracle.scalekv(5, "1d-cache", false, false, false);
      case "scalekv:pool=1d-cache-max" -> ScoreOracle.scalekv(5, "1d-cache-max");
      case "scalekv:window=released" -> ScoreOracle.scalekv(5, "1d-cache", false, true, true);
      case "scalekv:pool=1d-cache-max,queries=projection,score=logits,window=released" ->
          ScoreOracle.scalekv(5, "1d-cache-max", true, false, true);
      case "scalekv-released" -> ScoreOracle.released(5, true);
      case "scalekv-released:kernel=3,pool=avg" -> ScoreOracle.released(3, false);
      default -> throw new AssertionError(spec);
    };
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "h2o",
        "h2o:normalise=count",
        "h2o:normalise=count,recent=grid",
        "snapkv",
        "snapkv:kernel=3,pool=1d-map,w=5",
        "snapkv:pool=2d-map,window=grid,w=10",
        "pyramidkv:beta=4,kernel=1",
        "scalekv",
        "scalekv:allocation=paper",
        "scalekv:kernel=3,pool=2d-map",
        "scalekv:queries=projection",
        "scalekv:score=logits",
        "scalekv:pool=1d-cache-max",
        "scalekv:window=released",
        "scalekv:pool=1d-cache-max,queries=projection,score=logits,window=released",
        "scalekv-released",
        "scalekv-released:kernel=3,pool=avg"
      })
  void choosesTheSame(String spec) {
    Tally tally = new Tally();
    for (int seed = 1; seed <= (spec.startsWith("scalekv-released") ? 40 : 8); seed++) {
      RandomGeneration g = RandomGeneration.of(seed);
      int b = new SplittableRandom(seed).nextInt(1, g.schedule().historyTokens());
      CachePolicy policy;
      try {
        policy =
            Policies.create(
                PolicySpec.parse(spec), g.context(b, seed, RandomCalibration.of(g, seed)));
      } catch (BudgetTooSmallException e) {
        continue;
      }
      g.run(new Checked(policy, () -> oracle(spec, b), tally));
    }
    assertTrue(tally.all > 50, "choices must be many, got " + tally.all);
    // a maximum, or a mean over the tokens left of a map, is often the same for two neighbours
    double least =
        spec.contains("released") || spec.contains("-map") || spec.contains("-max") ? 0.2 : 0.8;
    assertTrue(
        tally.decided >= least * tally.all,
        tally.decided + " of " + tally.all + " choices were clear");
  }
}
