package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.Profiles;
import io.scalekv.roles.ClassifiedRoles;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.RoleRule;
import io.scalekv.study.RoleStability.Agreement;
import io.scalekv.study.RoleStability.Convergence;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RoleStabilityTest {
  private static final ScaleSchedule MAPS = ScaleSchedule.ofSides(1, 2, 3);
  private static final RoleRule RULE =
      new RoleRule(
          LayerStatistic.CURRENT_RATIO, 1, RoleClassifier.of("rank", OptionalInt.of(2), 0));

  /** Layer means 0.1, 0.2, … and noise per prompt. */
  private static LayerStatistics noisy(long seed, int prompts, double noise) {
    Random random = new Random(seed);
    return LayerStatistics.of(
        Profiles.of(
            6,
            2,
            MAPS,
            prompts,
            false,
            (statistic, prompt, layer, scale, head) ->
                statistic == HeadStatistic.CURRENT_MASS
                    ? 0.1 * (layer + 1) + noise * random.nextGaussian()
                    : 0.5));
  }

  @Test
  void withoutNoiseEveryDrawAgrees() {
    for (Convergence point : RoleStability.convergence(RULE, noisy(1, 5, 0), 7, 3)) {
      assertEquals(1, point.jaccard().mean());
      assertEquals(1, point.zSpearman().mean(), 1e-12);
      assertEquals(point.prompts() == 5 ? 1 : 7, point.jaccard().n());
      assertEquals(2 * point.prompts() <= 5 ? 7 : 0, point.otherJaccard().n());
      assertEquals(2 * point.prompts() > 5, Double.isNaN(point.otherJaccard().mean()));
    }
  }

  @Test
  void moreNoisyPromptsAgreeMore() {
    List<Convergence> points = RoleStability.convergence(RULE, noisy(2, 64, 0.4), 100, 3);
    assertEquals(
        List.of(1, 2, 4, 8, 16, 32, 64), points.stream().map(Convergence::prompts).toList());
    assertTrue(points.get(0).jaccard().mean() < points.get(5).jaccard().mean());
    assertTrue(points.get(0).otherJaccard().mean() < points.get(5).otherJaccard().mean());
    assertEquals(1, points.get(6).jaccard().mean());
    for (Convergence point : points.subList(0, 6)) {
      assertTrue(point.jaccard().low() <= point.jaccard().mean());
      assertTrue(point.jaccard().mean() <= point.jaccard().high());
      assertTrue(
          point.otherZSpearman().mean() < point.zSpearman().mean(),
          "two draws that share nothing agree less than a part with its whole");
    }
    assertEquals(
        points.toString(), RoleStability.convergence(RULE, noisy(2, 64, 0.4), 100, 3).toString());
  }

  /** One prompt of two: each prompt's own roles, by hand. */
  @ParameterizedTest
  @ValueSource(longs = {4, 5, 6})
  void oneOfTwoPrompts(long seed) {
    LayerStatistics table = noisy(seed, 2, 0.5);
    ClassifiedRoles all = RULE.roles(table);
    double first = RoleStability.agreement(all, RULE.roles(table, 0)).jaccard();
    double second = RoleStability.agreement(all, RULE.roles(table, 1)).jaccard();
    double between = RoleStability.agreement(RULE.roles(table, 0), RULE.roles(table, 1)).jaccard();
    Convergence one = RoleStability.convergence(RULE, table, 400, 1).get(0);
    assertEquals((first + second) / 2, one.jaccard().mean(), 0.1);
    assertEquals(between, one.otherJaccard().mean(), 1e-12);
  }

  @Test
  void agreementOfKnownRoles() {
    LayerStatistics table = noisy(7, 1, 0);
    ClassifiedRoles two = RULE.roles(table);
    assertEquals(Set.of(new LayerScale(0, 1), new LayerScale(0, 2)), two.assignment().drafters());
    RoleRule four =
        new RoleRule(
            LayerStatistic.CURRENT_RATIO, 1, RoleClassifier.of("rank", OptionalInt.of(4), 0));
    Agreement a = RoleStability.agreement(two, four.roles(table));
    assertEquals(4, a.drafters());
    assertEquals(0.5, a.jaccard());
    assertEquals(1, a.zSpearman(), 1e-12);
    assertEquals(
        PartitionAgreement.adjustedRand(two.assignment(), four.roles(table).assignment(), 1),
        a.adjustedRand());
  }

  @Test
  void numbersOfPrompts() {
    assertEquals(List.of(1), RoleStability.doublings(1));
    assertEquals(List.of(1, 2), RoleStability.doublings(2));
    assertEquals(List.of(1, 2, 4, 8, 10), RoleStability.doublings(10));
    assertThrows(
        IllegalArgumentException.class,
        () -> RoleStability.convergence(RULE, noisy(1, 2, 0), 0, 0));
  }
}
