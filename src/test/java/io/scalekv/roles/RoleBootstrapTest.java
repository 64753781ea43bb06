package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.Profiles;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RoleBootstrapTest {
  private static final ScaleSchedule MAPS = ScaleSchedule.ofSides(1, 2, 3);
  private static final RoleClassifier ONE = RoleClassifier.of("rank", OptionalInt.of(1), 0);

  /** Layer 0 has the lowest current mass in even prompts, layer 1 in odd ones. */
  private static AttentionProfile turns(int prompts, double odd) {
    return Profiles.of(
        4,
        2,
        MAPS,
        prompts,
        false,
        (statistic, prompt, layer, scale, head) ->
            statistic != HeadStatistic.CURRENT_MASS
                ? 0.5
                : layer == 0 ? (prompt % 2 == 0 ? 0.1 : odd) : layer == 1 ? 0.3 : 0.9);
  }

  private static RoleBootstrap bootstrap(AttentionProfile profile, int draws, long seed) {
    RoleRule rule = new RoleRule(LayerStatistic.CURRENT_RATIO, 2, ONE);
    return RoleBootstrap.of(LayerStatistics.of(profile), rule, draws, seed);
  }

  /** Two prompts: layer 0 loses only where the odd prompt is drawn twice, one draw in four. */
  @Test
  void probabilityOfAKnownDraw() {
    RoleBootstrap b = bootstrap(turns(2, 0.45), 4000, 1);
    assertEquals(0.75, b.drafterProbability(0, 2), 0.03);
    assertEquals(0.25, b.drafterProbability(1, 2), 0.03);
    assertEquals(0, b.drafterProbability(2, 2));
    assertEquals(1, b.confidence(Role.REFINER, 3, 2));
    assertEquals(b.drafterProbability(0, 2), b.confidence(Role.DRAFTER, 0, 2));
    assertEquals(1 - b.drafterProbability(0, 2), b.confidence(Role.REFINER, 0, 2), 1e-12);
    assertEquals(1, b.confidence(Role.REFINER, 0, 1), "not ranked");
    double sum = 0;
    for (int l = 0; l < 4; l++) {
      sum += b.drafterProbability(l, 2);
    }
    assertEquals(1, sum, 1e-12, "N_d drafters in every draw");
  }

  /** Against the profile's own metric of the same draws. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void drawByDraw(long seed) {
    AttentionProfile profile = Profiles.random(seed, 6, 2, MAPS, 5);
    RoleBootstrap fast =
        RoleBootstrap.of(
            LayerStatistics.of(profile), new RoleRule(LayerStatistic.ASI, 1, ONE), 50, seed);
    int[][] drafter = new int[6][3];
    SplittableRandom random = new SplittableRandom(seed);
    for (int d = 0; d < 50; d++) {
      int[] drawn = new int[5];
      for (int i = 0; i < 5; i++) {
        drawn[i] = random.nextInt(5);
      }
      RoleAssignment roles =
          new RoleStatistics(
                  "asi",
                  LayerStatistics.of(profile).value(LayerStatistic.ASI, drawn),
                  Orientation.LOWEST,
                  1,
                  Map.of())
              .lowest(1);
      roles.drafters().forEach(p -> drafter[p.layer()][p.scale()]++);
    }
    for (int l = 0; l < 6; l++) {
      for (int k = 0; k < 3; k++) {
        assertEquals(drafter[l][k] / 50.0, fast.drafterProbability(l, k));
      }
    }
  }

  @Test
  void onePromptSaysNothing() {
    RoleBootstrap b = bootstrap(turns(1, 0.45), 10, 1);
    assertTrue(Double.isNaN(b.confidence(Role.DRAFTER, 0, 2)));
    assertTrue(Double.isNaN(b.drafterProbability(0, 2)));
    assertThrows(IllegalArgumentException.class, () -> bootstrap(turns(2, 0.4), 0, 1));
    assertThrows(IllegalArgumentException.class, () -> bootstrap(turns(0, 0.4), 10, 1));
  }

  @Test
  void featuresThatAreDefined() {
    LayerStatistics guided = LayerStatistics.of(Profiles.random(1, 3, 2, MAPS, 2));
    List<LayerStatistic> features = RoleStatistics.othersOf(guided, 1);
    assertEquals(LayerStatistic.values().length - 2, features.size());
    assertTrue(features.containsAll(List.of(LayerStatistic.ASI, LayerStatistic.GINI)));
    LayerStatistics one =
        LayerStatistics.of(
            Profiles.of(
                3,
                2,
                MAPS,
                1,
                false,
                (s, p, l, k, h) -> s == HeadStatistic.BRANCH_DRIFT ? Double.NaN : l + h));
    assertEquals(features.size() - 1, RoleStatistics.othersOf(one, 1).size());
  }
}
