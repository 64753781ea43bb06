package io.scalekv.experiment;

import static io.scalekv.io.Messages.assertNames;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.Profiles;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class CurrentAttentionTest {
  /** A made-up share of prompt, layer, scale and head that no other place has. */
  private static double share(int prompt, int layer, int scale, int head) {
    return (1 + prompt + 10 * layer + 100 * scale + 1000 * head) / 4000.0;
  }

  @Test
  void meansAreOfTheirScales() {
    ScaleSchedule maps = ScaleSchedule.ofSides(1, 2, 3, 4, 5);
    CurrentAttention shares =
        new CurrentAttention(
            new Run.Prompts("0".repeat(64), 3, 2, 0),
            Profiles.of(
                2,
                2,
                maps,
                6,
                false,
                (statistic, prompt, layer, scale, head) ->
                    statistic == HeadStatistic.CURRENT_MASS
                        ? share(prompt, layer, scale, head)
                        : 0));
    RunResult.Attention a = shares.result();
    assertEquals(List.of(2, 3), a.smallScales());
    assertEquals(List.of(4, 5), a.largeScales());
    // by hand: prompts 0 to 5, layers 0 and 1, heads 0 and 1 are on average 2.5, 0.5 and 0.5
    double rest = 1 + 2.5 + 10 * 0.5 + 1000 * 0.5;
    assertEquals((rest + 100 * 1.5) / 4000, a.small().mean(), 1e-12);
    assertEquals((rest + 100 * 3.5) / 4000, a.large().mean(), 1e-12);
    assertEquals(200 / 4000.0, a.difference().mean(), 1e-12);
    assertEquals(6, a.small().n());
    assertTrue(a.small().low() < a.small().mean() && a.small().mean() < a.small().high());
    assertEquals(2, a.currentMass().size());
    for (int l = 0; l < 2; l++) {
      for (int k = 0; k < 5; k++) {
        for (int h = 0; h < 2; h++) {
          int layer = l;
          int scale = k;
          int head = h;
          double mean =
              IntStream.range(0, 6)
                  .mapToDouble(p -> share(p, layer, scale, head))
                  .average()
                  .orElseThrow();
          assertEquals(mean, a.currentMass().get(l).get(k).get(h), 0.5e-4 + 1e-12);
        }
      }
    }
  }

  @Test
  void fewMapsAreRefused() {
    ScaleSchedule two = ScaleSchedule.ofSides(1, 2);
    Exception e = assertThrows(IllegalArgumentException.class, () -> CurrentAttention.check(two));
    assertNames("scales … 3 … got 2", e);
  }
}
