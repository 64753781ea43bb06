package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CachePolicy;
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
    PolicyCalibration calibration = new PolicyCalibration(null, null, similarity, null);
    return new PolicyContext(schedule, similarity.length, 2, budget, 0, calibration);
  }

  private static CachePolicy create(String spec, int budget, double... similarity) {
    return Policies.create(PolicySpec.parse(spec), context(SCHEDULE, budget, similarity));
  }

  private static int[] held(CachePolicy policy, int scale) {
    return IntStream.range(0, policy.plan().layers())
        .map(l -> policy.plan().tokens(scale, l, 1))
        .toArray();
  }

  @Test
  void roundsServeTheLayersThatChangeMost() {
    // 5 tokens of the first two maps in each of 3 layers; 48 in all: two layers may hold map 3 too
    assertArrayEquals(
        new int[] {0, 1, 1}, AmsKv.recentMaps(SCHEDULE, 16, 2, 2, new double[] {.9, .1, .5}));
    // 81 in all: 15 and three times 16 are 63; one more map 2 each is 72, then 81
    assertArrayEquals(
        new int[] {1, 2, 2}, AmsKv.recentMaps(SCHEDULE, 27, 2, 2, new double[] {.9, .1, .5}));
    assertArrayEquals(
        new int[] {2, 2, 2}, AmsKv.recentMaps(SCHEDULE, 30, 2, 2, new double[] {.9, .1, .5}));
    assertArrayEquals(
        new int[] {1, 1, 1}, AmsKv.recentMaps(SCHEDULE, 27, 2, 1, new double[] {.9, .1, .5}));
  }

  @ParameterizedTest
  @CsvSource({"1,1", "4,1", "5,2", "30,2"})
  void firstMapsAreThoseThatFit(int budget, int expected) {
    assertEquals(expected, AmsKv.firstMaps(SCHEDULE, budget, 2));
  }

  @Test
  void wholeMapsStayAndTheNameSaysHowManyTokensThatIs() {
    CachePolicy policy = create("ams-kv", 16, .9, .1, .5);
    assertArrayEquals(new int[] {5, 5, 5}, held(policy, 2));
    assertArrayEquals(new int[] {5, 14, 14}, held(policy, 3));
    assertArrayEquals(new int[] {5, 21, 21}, held(policy, 4));
    assertEquals("ams-kv (holds 15.7 tokens)", policy.name());
    assertEquals(47 / 3.0, policy.plan().largestMean(), 1e-12);
  }

  @Test
  void aGridOfTheNewestMapIsAnotherMethodAndSaysSo() {
    CachePolicy policy = create("ams-kv:partial=true", 17, .9, .1, .5);
    assertArrayEquals(new int[] {5 + 4, 21, 21}, held(policy, 4), "2x2 of the 4 that are left");
    assertArrayEquals(new int[] {5 + 9, 14, 14}, held(policy, 3));
    assertEquals(
        "ams-kv:partial=true (with a grid of the newest map, holds 17.0 tokens)", policy.name());
  }

  @Test
  void everythingStaysWhereTheBudgetCoversIt() {
    CachePolicy policy = create("ams-kv", 30, .9, .1);
    assertTrue(!policy.plan().cuts());
  }

  @Test
  void whatIsMissingIsTold() {
    PolicyContext none = new PolicyContext(SCHEDULE, 2, 2, 9, 0, PolicyCalibration.NONE);
    PolicySpec spec = PolicySpec.parse("ams-kv");
    Exception e = assertThrows(IllegalArgumentException.class, () -> Policies.create(spec, none));
    assertEquals(
        "policy ams-kv: a calibration with map similarities (amsKv) expected, got none;"
            + " calibrate makes one for --roles",
        e.getMessage());
    PolicyContext three =
        new PolicyContext(
            SCHEDULE, 3, 2, 9, 0, new PolicyCalibration(null, null, new double[] {1, 2}, null));
    e = assertThrows(IllegalArgumentException.class, () -> Policies.create(spec, three));
    assertEquals("policy ams-kv: similarities of 3 layers expected, got 2", e.getMessage());
  }

  static IntStream seeds() {
    return IntStream.rangeClosed(1, 60);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void gridsAreRegularAndFit(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int h = random.nextInt(1, 12);
    int w = random.nextInt(1, 12);
    int tokens = random.nextInt(0, h * w + 1);
    int[] grid = AmsKv.grid(h, w, tokens);
    assertTrue(grid.length <= tokens);
    assertEquals(grid.length, Arrays.stream(grid).distinct().filter(i -> i < h * w).count());
    assertArrayEquals(Arrays.stream(grid).sorted().toArray(), grid);
    int[] rows = Arrays.stream(grid).map(i -> i / w).distinct().toArray();
    int[] columns = Arrays.stream(grid).map(i -> i % w).distinct().toArray();
    assertEquals(grid.length, rows.length * columns.length);
    if (tokens == h * w) {
      assertEquals(tokens, grid.length);
    }
    if (tokens > 0) {
      assertTrue(2 * grid.length > tokens / 2, "most of the tokens are used");
    }
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
    int budget = random.nextInt(1, schedule.historyTokens() + 10);
    PolicySpec spec =
        PolicySpec.parse(
            String.format(
                "ams-kv:c=%d,high=%d,partial=%s",
                random.nextInt(0, 4), random.nextInt(1, 5), random.nextBoolean()));
    PlannedPolicy policy =
        (PlannedPolicy) Policies.create(spec, context(schedule, budget, similarity));
    for (int k = 0; k < schedule.scales(); k++) {
      long sum = 0;
      for (int l = 0; l < similarity.length; l++) {
        int[] now = policy.positions().held(k, l, 0);
        sum += now.length;
        if (k > 0) {
          int before = schedule.tokensBefore(k - 1);
          int[] earlier = policy.positions().held(k - 1, l, 0);
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
