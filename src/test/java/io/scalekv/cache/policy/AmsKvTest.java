package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class AmsKvTest {
  /** Maps of 1, 4, 9, 16 and 25 tokens; 30 before the last. */
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 3, 4, 5);

  static PolicyContext context(ScaleSchedule schedule, int budget, double... similarity) {
    PolicyCalibration calibration =
        PolicyCalibration.NONE.with(PolicyCalibration.AMS_KV, similarity);
    return new PolicyContext(
        schedule, new Geometry(similarity.length, 2, 1), budget, 0, calibration);
  }

  private static CachePolicy create(String spec, int budget, double... similarity) {
    return Policies.create(PolicySpec.parse(spec), context(SCHEDULE, budget, similarity));
  }

  private static int[] stored(CachePolicy policy, int scale) {
    return IntStream.range(0, policy.plan().layers())
        .map(l -> policy.plan().tokens(scale, l, 1))
        .toArray();
  }

  @Test
  void roundsServeTheLayersThatChangeMost() {
    // 81 tokens in 3 layers: 5 of the first two maps and 16 of map 3 are 63; one more map 2 each
    // is 72, then 81
    assertArrayEquals(
        new int[] {1, 2, 2}, AmsKv.recentMaps(SCHEDULE, 27, 2, 2, new double[] {.9, .1, .5}));
    assertArrayEquals(
        new int[] {2, 2, 2}, AmsKv.recentMaps(SCHEDULE, 30, 2, 2, new double[] {.9, .1, .5}));
    assertArrayEquals(
        new int[] {1, 1, 1}, AmsKv.recentMaps(SCHEDULE, 27, 2, 1, new double[] {.9, .1, .5}));
  }

  @ParameterizedTest
  @CsvSource({"16,0", "17,1", "20,1", "21,2", "30,2"})
  void firstMapsFitBesideOneRecentMap(int budget, int expected) {
    assertEquals(expected, AmsKv.firstMaps(SCHEDULE, budget, 2));
  }

  @Test
  void budgetsBelowOneRecentMapAreRefused() {
    Exception e =
        assertThrows(BudgetTooSmallException.class, () -> create("ams-kv", 15, .9, .1, .5));
    assertTrue(e.getMessage().contains("16"), e.getMessage());
  }

  @Test
  void nameStatesTheTokensInUse() {
    CachePolicy policy = create("ams-kv", 24, .9, .1, .5);
    assertArrayEquals(new int[] {5, 5, 5}, stored(policy, 2));
    assertArrayEquals(new int[] {14, 14, 14}, stored(policy, 3));
    assertArrayEquals(new int[] {21, 30, 21}, stored(policy, 4));
    assertEquals("ams-kv (24.0 tokens in use)", policy.name());
    assertEquals(24, policy.plan().largestMean(), 1e-12);
  }

  @Test
  void nothingIsEvictedWhereTheBudgetCoversThePrefix() {
    assertTrue(!create("ams-kv", 30, .9, .1).plan().evicts());
  }

  @Test
  void calibrationMustFit() {
    PolicyContext three =
        new PolicyContext(
            SCHEDULE,
            new Geometry(3, 2, 1),
            20,
            0,
            PolicyCalibration.NONE.with(PolicyCalibration.AMS_KV, new double[] {1, 2}));
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> Policies.create(PolicySpec.parse("ams-kv"), three));
    assertTrue(e.getMessage().endsWith("got 2"), e.getMessage());
  }

  static IntStream seeds() {
    return IntStream.rangeClosed(1, 60);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void neverMoreThanTheBudgetAndNothingReturns(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    ScaleSchedule schedule =
        new ScaleSchedule(
            List.of(
                new TokenMap(1, 1),
                new TokenMap(2, 1),
                new TokenMap(random.nextInt(2, 6), random.nextInt(1, 6)),
                new TokenMap(random.nextInt(3, 9), random.nextInt(3, 9)),
                new TokenMap(9, 9),
                new TokenMap(12, 10)));
    double[] similarity = random.doubles(random.nextInt(1, 8)).toArray();
    int budget = random.nextInt(81, schedule.historyTokens() + 10);
    PolicySpec spec =
        PolicySpec.parse(
            String.format("ams-kv:c=%d,high=%d", random.nextInt(0, 4), random.nextInt(1, 5)));
    PlannedPolicy policy =
        (PlannedPolicy) Policies.create(spec, context(schedule, budget, similarity));
    for (int k = 0; k < schedule.scales(); k++) {
      long sum = 0;
      for (int l = 0; l < similarity.length; l++) {
        int[] now = policy.positions().of(k, l, 0);
        sum += now.length;
        if (k > 0) {
          int before = schedule.tokensBefore(k - 1);
          int[] earlier = policy.positions().of(k - 1, l, 0);
          assertTrue(
              Arrays.stream(now)
                  .filter(p -> p < before)
                  .allMatch(p -> Arrays.binarySearch(earlier, p) >= 0));
        }
      }
      assertTrue(sum <= (long) similarity.length * budget, spec + " at map " + k);
    }
  }
}
