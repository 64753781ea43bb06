package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleAssignment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PartitionAgreementTest {
  @Test
  void adjustedRandIndexAtItsEnds() {
    int[] together = {3, 3, 3};
    int[] alone = {-1, 0, 7};
    assertEquals(1, PartitionAgreement.adjustedRandIndex(together, together));
    assertEquals(1, PartitionAgreement.adjustedRandIndex(alone, new int[] {5, 4, -3}));
    assertEquals(0, PartitionAgreement.adjustedRandIndex(together, alone));
    assertThrows(
        IllegalArgumentException.class,
        () -> PartitionAgreement.adjustedRandIndex(together, new int[2]));
    assertThrows(
        IllegalArgumentException.class,
        () -> PartitionAgreement.adjustedRandIndex(new int[1], new int[1]));
  }

  /** Against counts of pairs of items: together in both, in one, in none. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void adjustedRandIndexOfPairs(long seed) {
    Random random = new Random(seed);
    int[] a = random.ints(30, -2, 2).toArray();
    int[] b = random.ints(30, 0, 3).toArray();
    double[] n = new double[4];
    for (int i = 0; i < 30; i++) {
      for (int j = 0; j < i; j++) {
        n[(a[i] == a[j] ? 2 : 0) + (b[i] == b[j] ? 1 : 0)]++;
      }
    }
    double expected =
        2
            * (n[3] * n[0] - n[2] * n[1])
            / ((n[3] + n[2]) * (n[2] + n[0]) + (n[3] + n[1]) * (n[1] + n[0]));
    assertEquals(expected, PartitionAgreement.adjustedRandIndex(a, b), 1e-12);
  }

  /** Over the pairs of the scales that are ranked, and no others. */
  @Test
  void rolesAsPartitions() {
    Random random = new Random(8);
    for (int round = 0; round < 20; round++) {
      List<LayerScale> first = new ArrayList<>();
      List<LayerScale> second = new ArrayList<>();
      int[] a = new int[10];
      int[] b = new int[10];
      for (int k = 2; k < 4; k++) {
        for (int l = 0; l < 5; l++) {
          if (random.nextInt(3) == 0) {
            first.add(new LayerScale(l, k));
            a[(k - 2) * 5 + l] = 1;
          }
          if (random.nextInt(3) == 0) {
            second.add(new LayerScale(l, k));
            b[(k - 2) * 5 + l] = 1;
          }
        }
      }
      assertEquals(
          PartitionAgreement.adjustedRandIndex(a, b),
          PartitionAgreement.adjustedRand(
              RoleAssignment.of(5, 4, first), RoleAssignment.of(5, 4, second), 2));
    }
    RoleAssignment none = RoleAssignment.of(5, 4, List.of());
    assertTrue(Double.isNaN(PartitionAgreement.adjustedRand(none, none, 4)));
  }

  @Test
  void adjustedRandOfRoles() {
    RoleAssignment small = RoleAssignment.of(1, 3, List.of());
    assertTrue(Double.isNaN(PartitionAgreement.adjustedRand(small, small, 2)));
    RoleAssignment two = RoleAssignment.of(2, 3, List.of());
    assertEquals(1, PartitionAgreement.adjustedRand(two, two, 2));
    assertThrows(
        IllegalArgumentException.class, () -> PartitionAgreement.adjustedRand(small, two, 0));
  }
}
