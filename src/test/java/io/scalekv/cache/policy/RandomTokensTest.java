package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.ScaleSchedule;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RandomTokensTest {
  private static final int BUDGET = 10;
  private static final RandomGeneration INPUT =
      RandomGeneration.of(ScaleSchedule.ofSides(1, 3, 4, 5), 2, 3, 3, new SplittableRandom(1));

  private static CachePolicy policy(RandomGeneration g, long seed) {
    return Policies.create(
        PolicySpec.parse("random"), g.context(BUDGET, seed, PolicyCalibration.NONE));
  }

  @Test
  void doesNotHangOnTheBatch() {
    int[][][][][] all = INPUT.run(policy(INPUT, 5)).positions();
    RandomGeneration one = INPUT.firstRow();
    int[][][][][] alone = one.run(policy(one, 5)).positions();
    for (int k = 0; k < all.length; k++) {
      for (int l = 0; l < 2; l++) {
        for (int h = 0; h < 3; h++) {
          for (int r = 0; r < 3; r++) {
            assertArrayEquals(alone[k][l][0][h], all[k][l][r][h]);
          }
        }
      }
    }
  }

  @Test
  void hangsOnSeedLayerAndHead() {
    int[][][] a = INPUT.run(policy(INPUT, 1)).positions()[2][0];
    int[][][][] b = INPUT.run(policy(INPUT, 2)).positions()[2];
    int[][][][] again = INPUT.run(policy(INPUT, 1)).positions()[2];
    assertFalse(Arrays.equals(a[0][0], b[0][0][0]), "another seed");
    assertFalse(Arrays.equals(a[0][0], again[1][0][0]), "another layer");
    assertFalse(Arrays.equals(a[0][0], a[0][1]), "another head");
    assertArrayEquals(a[0][0], again[0][0][0]);
  }

  @Test
  void everyTokenIsEquallyLikely() {
    RandomGeneration g =
        RandomGeneration.of(ScaleSchedule.ofSides(2, 4, 1), 5, 10, 1, new SplittableRandom(1));
    int[] kept = new int[20];
    for (long seed = 0; seed < 20; seed++) {
      for (int[][][] layer : g.run(policy(g, seed)).positions()[1]) {
        for (int[] head : layer[0]) {
          assertEquals(BUDGET, head.length);
          Arrays.stream(head).forEach(p -> kept[p]++);
        }
      }
    }
    // 1000 draws of probability 1/2: the standard deviation is 16
    for (int n : kept) {
      assertTrue(Math.abs(n - 500) < 64, Arrays.toString(kept));
    }
  }
}
