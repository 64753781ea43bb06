package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens of the newest map that stay whatever their scores, over random shapes and budgets. */
class WindowKeptTest {
  private static int[] last(int n, int count) {
    return IntStream.range(n - Math.min(n, count), n).toArray();
  }

  private static int[] centres(TokenMap map, int g) {
    TreeSet<Integer> all = new TreeSet<>();
    for (int i = 0; i < g; i++) {
      for (int j = 0; j < g; j++) {
        int row = (int) Math.floor((i + 0.5) * map.height() / g);
        int column = (int) Math.floor((j + 0.5) * map.width() / g);
        all.add(row * map.width() + column);
      }
    }
    return all.stream().mapToInt(p -> p).toArray();
  }

  private static int[] released(TokenMap map) {
    int p = map.height() / 4;
    int[] all = new int[16];
    for (int i = 0; i < 16; i++) {
      all[i] = (i / 4 * p + (p - 1) / 2) * map.width() + i % 4 * p + (p - 1) / 2;
    }
    return all;
  }

  /** Tokens of the map that must stay in a head that keeps {@code tokens} of mean {@code b}. */
  private static int[] window(String spec, TokenMap map, int b, int tokens) {
    int n = map.tokens();
    int g = (int) Math.floor(Math.sqrt(Math.min(n, b / 2)));
    return switch (spec) {
      case "sliding-window" -> last(n, tokens);
      case "h2o" -> last(n, b / 2);
      case "h2o:recent=grid" -> centres(map, g);
      case "snapkv", "pyramidkv" -> last(n, Math.min(32, b / 2));
      case "scalekv" -> {
        double most = Math.min(Math.min(16, n), tokens / 4.0);
        List<Integer> all = Arrays.stream(centres(map, 4)).boxed().toList();
        int forced = Math.min(tokens, ScoreOracle.forced(most));
        yield ScoreOracle.evenly(all, forced).stream().mapToInt(p -> p).toArray();
      }
      case "scalekv-released" -> {
        boolean square = map.height() == map.width() && map.height() >= 4;
        int[] all = square ? released(map) : last(n, 16);
        yield tokens >= 16 ? all : new int[0];
      }
      default -> throw new AssertionError(spec);
    };
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sliding-window",
        "h2o",
        "h2o:recent=grid",
        "snapkv",
        "pyramidkv",
        "scalekv",
        "scalekv-released"
      })
  void stays(String spec) {
    int checked = 0;
    for (int seed = 1; seed <= 20; seed++) {
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
      RandomGeneration.Trace trace = g.run(policy);
      for (int k = 0; k + 1 < g.schedule().scales(); k++) {
        int first = g.schedule().tokensBefore(k);
        for (int l = 0; l < g.layers(); l++) {
          int before = k == 0 ? 0 : trace.tokens(k - 1, l, 0);
          int tokens = trace.tokens(k, l, 0);
          if (tokens == before + g.schedule().tokens(k)) {
            continue;
          }
          for (int[] kept : trace.positions()[k][l][g.rows() - 1]) {
            assertEquals(policy.plan().tokens(k + 1, l), kept.length);
            for (int p : window(spec, g.schedule().map(k), b, tokens)) {
              assertTrue(
                  Arrays.binarySearch(kept, first + p) >= 0,
                  "seed " + seed + ", map " + k + ", layer " + l + ": token " + p + " dropped");
              checked++;
            }
          }
        }
      }
    }
    assertTrue(checked > 100, "many tokens looked at, got " + checked);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 7, 15, 16})
  void releasedChoiceIsRefusedBelowItsWindow(int budget) {
    RandomGeneration g =
        RandomGeneration.of(
            new ScaleSchedule(List.of(new TokenMap(1, 1), new TokenMap(6, 6), new TokenMap(7, 7))),
            1,
            2,
            2,
            new SplittableRandom(1));
    PolicyContext context = g.context(budget, 1, RandomCalibration.of(g, 1));
    Exception e =
        assertThrows(
            BudgetTooSmallException.class,
            () -> Policies.create(PolicySpec.parse("scalekv-released"), context));
    assertTrue(e.getMessage().contains("n/a"), e.getMessage());
  }

  /** All 16 centres score, whatever the budget; only their forced retention shrinks. */
  @Test
  void smallBudgetsScoreWithAllCentres() {
    ObservationWindow window = ObservationWindow.grid(new TokenMap(8, 8), 4);
    assertEquals(16, window.positions().length);
    assertEquals(4, ObservationWindow.grid(new TokenMap(2, 2), 4).positions().length);
    assertEquals(1, ScoreOracle.forced(17 / 16.0));
    assertEquals(4, ScoreOracle.forced(17 / 4.0));
  }
}
