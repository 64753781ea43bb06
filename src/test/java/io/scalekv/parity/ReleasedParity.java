package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScoredPolicy;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenScorer;
import io.scalekv.cache.TokenSelector;
import io.scalekv.cache.policy.ReleasedScaleKv;
import io.scalekv.weights.TensorSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/** What checks of the released choice of tokens share. */
final class ReleasedParity {
  private ReleasedParity() {}

  static ReleasedScaleKv scorer(int window, int kernel, String pooling) {
    return new ReleasedScaleKv(
        window,
        kernel,
        pooling.equals("maxpool") ? ReleasedScaleKv.Pool.MAX : ReleasedScaleKv.Pool.AVG);
  }

  /** A policy that notes its choices by map and layer. */
  record Noted(CachePolicy inner, Map<String, RetainedTokens> choices) implements CachePolicy {
    Noted(BudgetPlan plan, TokenScorer scorer) {
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
    public TokenSelector selector(int layer) {
      TokenSelector keeper = inner.selector(layer);
      return a -> {
        RetainedTokens kept = keeper.select(a);
        choices.put(a.scale() + "/" + layer, kept);
        return kept;
      };
    }

    RetainedTokens choice(int scale, int layer) {
      return choices.get(scale + "/" + layer);
    }
  }

  /** The same inputs with other budgets. */
  static SelectionInputs withBudget(SelectionInputs in, int... budget) {
    return new SelectionInputs(
        in.layer(),
        in.scale(),
        in.schedule(),
        in.heads(),
        in.query(),
        in.projectedQuery(),
        in.held(),
        in.softmaxScale(),
        budget,
        in.origins());
  }

  /** All lists of a choice, row by row and head by head. */
  static int[] flat(RetainedTokens kept, int rows) {
    return IntStream.range(0, rows * kept.heads())
        .flatMap(i -> Arrays.stream(kept.of(i / kept.heads(), i % kept.heads())))
        .toArray();
  }

  /** Pooled scores: −∞ in the file, and +∞ in ours, where the window is. */
  static void checkScores(TensorSource t, String name, float[] scores) {
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

  /** The chosen rows of [R,G,T,D], exactly. */
  static void checkGathered(TensorSource t, String name, NDArray held, RetainedTokens kept) {
    checkGathered(t, name, held, kept, 0);
  }

  static void checkGathered(
      TensorSource t, String name, NDArray held, RetainedTokens kept, double limit) {
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
}
