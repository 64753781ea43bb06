package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PyramidKvTest {
  private static final ScaleSchedule MEGAPIXEL =
      ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64);

  @ParameterizedTest
  @CsvSource({
    "650, 921, '889, 872, 854', '364, 347'",
    "650, 1497, '1205, 1167, 1129', '69, 31'",
    "265, 521, '454, 440, 426', '26, 12'"
  })
  void sharesOfTheFirstAndLastLayers(int budget, int held, String first, String last) {
    int[] shares = PyramidKv.shares(32, budget - 32, held - 32, 20);
    assertArrayEquals(numbers(first), Arrays.copyOf(shares, 3));
    assertArrayEquals(numbers(last), Arrays.copyOfRange(shares, 30, 32));
    assertEquals(32 * (budget - 32), Arrays.stream(shares).sum());
  }

  private static int[] numbers(String text) {
    return Arrays.stream(text.split(", ")).mapToInt(Integer::parseInt).toArray();
  }

  @Test
  void sharesSumUpExactlyAndFall() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 20_000; i++) {
      int layers = random.nextInt(1, 50);
      int mean = random.nextInt(1, 2000);
      int most = mean + random.nextInt(1, 4000);
      int beta = random.nextInt(1, 40);
      int[] shares = PyramidKv.shares(layers, mean, most, beta);
      assertEquals((long) layers * mean, Arrays.stream(shares).asLongStream().sum());
      for (int l = 0; l < layers; l++) {
        assertTrue(shares[l] >= 0 && shares[l] <= most);
        assertTrue(l == 0 || shares[l] <= shares[l - 1], "falling from layer to layer");
      }
      if (beta == 1) {
        assertTrue(Arrays.stream(shares).allMatch(s -> s == mean));
      }
    }
  }

  @Test
  void aWholePlanHoldsTheBudgetAtEveryScale() {
    BudgetPlan plan = PyramidKv.plan(MEGAPIXEL, 32, 650, 32, 20, false);
    assertEquals(8, plan.firstCutScale());
    assertEquals(889 + 32, plan.tokens(8, 0), "all that layer 0 holds");
    assertEquals(347 + 32, plan.tokens(8, 31));
    for (int k = 8; k < 13; k++) {
      assertEquals(650, plan.mean(k), "scale " + k);
    }
  }

  @Test
  void smallCachesMayBeUniform() {
    BudgetPlan plan = PyramidKv.plan(MEGAPIXEL, 32, 650, 32, 20, true);
    assertEquals(650, plan.tokens(8, 0), "921 held tokens are below 2 · 618");
    assertEquals(650, plan.tokens(8, 31));
    assertTrue(plan.tokens(10, 0) > plan.tokens(10, 31));
    assertEquals(650, plan.mean(10));
  }
}
