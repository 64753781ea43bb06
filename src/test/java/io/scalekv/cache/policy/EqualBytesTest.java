package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.CacheMeasurement;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Formula and measurement agree to the byte, and no policy exceeds a budget in bytes. */
class EqualBytesTest {
  private static final Geometry GEOMETRY = new Geometry(3, 2, 4);

  private static final List<ScaleSchedule> ASPECTS =
      List.of(
          ScaleSchedule.ofSides(1, 2, 3, 4, 5, 6),
          new ScaleSchedule(
              List.of(
                  new TokenMap(1, 1),
                  new TokenMap(1, 2),
                  new TokenMap(2, 4),
                  new TokenMap(4, 7),
                  new TokenMap(5, 9))));

  private record Format(CacheType keys, CacheType values, int batch) {}

  private static final List<Format> FORMATS =
      List.of(
          new Format(CacheType.FP32, CacheType.FP32, 1),
          new Format(CacheType.FP32, CacheType.BF16, 2),
          new Format(CacheType.BF16, CacheType.BF16, 1),
          new Format(CacheType.INT8, CacheType.INT8, 2),
          new Format(CacheType.BF16, CacheType.INT8, 1),
          new Format(CacheType.INT8, CacheType.FP32, 1));

  static Stream<String> specs() {
    return PolicyInvariantsTest.specs();
  }

  private static PolicyFactory factory(ScaleSchedule schedule, Format f, int branches) {
    PolicyCalibration calibration =
        RandomCalibration.of(schedule, GEOMETRY.layers(), GEOMETRY.heads(), 7);
    return new PolicyFactory(
        schedule, GEOMETRY.memory(f.keys(), f.values(), branches, f.batch()), b -> calibration, 7);
  }

  /** The policy at about this budget, or at the least larger one. */
  private static CachePolicy feasible(PolicyFactory policies, PolicySpec spec, int budget) {
    for (int b = budget; ; b++) {
      try {
        return policies.create(spec, b);
      } catch (BudgetTooSmallException e) {
        assertTrue(b < policies.schedule().historyTokens(), e.getMessage());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("specs")
  void formulaEqualsMeasurement(String text) {
    PolicySpec spec = PolicySpec.parse(text);
    for (ScaleSchedule schedule : ASPECTS) {
      for (Format f : FORMATS) {
        for (int branches = 1; branches <= 2; branches++) {
          PolicyFactory policies = factory(schedule, f, branches);
          CachePolicy policy = feasible(policies, spec, schedule.historyTokens() / 4);
          check(policies.memory(), policy, null);
          if (branches == 2) {
            check(policies.memory(), policy, feasible(policies, spec, 9));
          }
        }
      }
    }
  }

  private static void check(MemoryModel memory, CachePolicy policy, CachePolicy unconditional) {
    CacheSettings settings =
        new CacheSettings(policy, unconditional, memory.keys(), memory.values());
    assertEquals(
        memory.usage(settings.plans(memory.branches() == 2)),
        CacheMeasurement.run(settings, memory, k -> {}),
        () -> policy.name() + ", " + memory);
  }

  /** The peak of snapkv, which gives every layer as much, is the budget of every policy. */
  @ParameterizedTest
  @MethodSource("specs")
  void aPeakIsThatOfUniformShares(String text) {
    PolicySpec spec = PolicySpec.parse(text);
    if (spec.name().equals("full")) {
      return;
    }
    PolicySpec uniform = PolicySpec.parse("sliding-window");
    for (ScaleSchedule schedule : ASPECTS) {
      for (Format f : FORMATS) {
        PolicyFactory policies = factory(schedule, f, 2);
        Budget share = Budget.parse("80%");
        int b = share.tokens(schedule);
        assertEquals(b, policies.tokens(uniform, Budget.parse("peak-80%")));
        long bytes = policies.memory().peakBytes(policies.create(uniform, b).plan());
        assertEquals(
            policies.tokens(spec, Budget.parse(bytes + "B")),
            policies.tokens(spec, Budget.parse("PEAK-80.0%")));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("specs")
  void peakFitsABudgetInBytes(String text) {
    PolicySpec spec = PolicySpec.parse(text);
    if (spec.name().equals("full") || spec.name().equals("one-layer")) {
      return;
    }
    for (ScaleSchedule schedule : ASPECTS) {
      for (Format f : FORMATS) {
        PolicyFactory policies = factory(schedule, f, 2);
        long most = policies.memory().fullBytes(schedule) * 4 / 5;
        Budget budget = Budget.parse(most + "B");
        int tokens = policies.tokens(spec, budget);
        long peak = policies.memory().peakBytes(policies.create(spec, tokens).plan());
        assertTrue(peak <= most, () -> text + " stores " + peak + " of " + most);
        CachePolicy other = feasible(policies, spec, tokens / 2);
        long both =
            policies
                .memory()
                .peakBytes(
                    policies.create(spec, policies.tokens(spec, budget, other)).plan(),
                    other.plan());
        assertTrue(both <= most, () -> text + " stores " + both + " of " + most);
      }
    }
  }

  @Test
  void uniformBudgetIsTheLargestThatFits() {
    ScaleSchedule schedule = ASPECTS.get(0);
    PolicySpec snapkv = PolicySpec.parse("snapkv");
    for (Format f : FORMATS) {
      PolicyFactory policies = factory(schedule, f, 2);
      for (int b = 1; b < schedule.historyTokens(); b++) {
        long peak = policies.memory().peakBytes(policies.create(snapkv, b).plan());
        assertEquals(b, policies.tokens(snapkv, Budget.parse(peak + "B")));
        if (b > 1) {
          assertEquals(b - 1, policies.tokens(snapkv, Budget.parse(peak - 1 + "B")));
        }
      }
    }
  }

  @Test
  void budgetsOfNothingAreRefused() {
    PolicyFactory policies = factory(ASPECTS.get(0), FORMATS.get(0), 2);
    Budget budget = Budget.parse("100B");
    assertThrows(
        IllegalArgumentException.class, () -> policies.tokens(PolicySpec.parse("h2o"), budget));
    for (String spec : List.of("ams-kv", "scalekv-released")) {
      assertThrows(
          BudgetTooSmallException.class, () -> policies.tokens(PolicySpec.parse(spec), budget));
    }
  }
}
