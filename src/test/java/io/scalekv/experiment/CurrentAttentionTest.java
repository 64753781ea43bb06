package io.scalekv.experiment;

import static io.scalekv.io.Messages.assertNames;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.Profiles;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class CurrentAttentionTest {
  private static final Geometry MODEL = new Geometry(2, 2, 8);

  private static Run run(ScaleSchedule maps, int prompts, int seeds) {
    List<String> names = maps.maps().stream().map(TokenMap::toString).toList();
    return new Run(
        Run.Kind.ATTENTION,
        new Run.Model("tiny", "random:1", "fp32"),
        new Run.Generation(3, 1, 0.97, null, null, null, null, "", names, 1, 2),
        new Run.Prompts("0".repeat(64), prompts, seeds, 0),
        new Run.Policy(
            "full", null, maps.historyTokens(), null, null, CacheType.FP32, CacheType.FP32, null),
        null,
        null,
        List.of(),
        null,
        null);
  }

  /** A made-up share of prompt, layer, scale and head that no other place has. */
  private static double share(int prompt, int layer, int scale, int head) {
    return (1 + prompt + 10 * layer + 100 * scale + 1000 * head) / 4000.0;
  }

  @Test
  void meansAreOfTheirScales() {
    ScaleSchedule maps = ScaleSchedule.ofSides(1, 2, 3, 4, 5);
    CurrentAttention shares = new CurrentAttention(MODEL, run(maps, 3, 2), RunListener.NONE);
    shares.accept(
        Profiles.of(
                2,
                2,
                maps,
                6,
                false,
                (statistic, prompt, layer, scale, head) ->
                    statistic == HeadStatistic.CURRENT_MASS ? share(prompt, layer, scale, head) : 0)
            .prompts());
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
    Run two = run(ScaleSchedule.ofSides(1, 2), 1, 1);
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new CurrentAttention(MODEL, two, RunListener.NONE));
    assertNames("scales … 3 … got 2", e);
  }
}
