package io.scalekv.study;

import io.scalekv.io.Require;
import io.scalekv.roles.RoleAssignment;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/** Agreement of two partitions of the same items, each given as one label per item. */
public final class PartitionAgreement {
  private PartitionAgreement() {}

  /**
   * Returns the adjusted Rand index: pairs that both partitions group together, corrected for
   * chance.
   *
   * <pre>  (Σ C(n_ij, 2) − E) / (½ (Σ C(a_i, 2) + Σ C(b_j, 2)) − E),
   *   E = Σ C(a_i, 2) Σ C(b_j, 2) / C(n, 2)</pre>
   *
   * <p>n_ij items have label i in the first and j in the second, a_i and b_j are the sums over j
   * and i. 1 for equal partitions whatever their labels, 0 on average for random ones, negative
   * below that. 1 also where the formula is 0/0, which is only for equal partitions: all items
   * together, or each alone.
   *
   * <p>Hubert and Arabie, Comparing partitions (1985).
   *
   * @throws IllegalArgumentException if the lengths differ or are less than 2
   */
  public static double adjustedRandIndex(int[] a, int[] b) {
    Require.that(
        a.length == b.length && a.length >= 2,
        "partitions must have the same 2 or more items, got %d and %d",
        a.length,
        b.length);
    Map<Integer, Integer> first = new HashMap<>();
    Map<Integer, Integer> second = new HashMap<>();
    Map<Long, Integer> both = new HashMap<>();
    for (int i = 0; i < a.length; i++) {
      first.merge(a[i], 1, Integer::sum);
      second.merge(b[i], 1, Integer::sum);
      both.merge(((long) a[i] << 32) | (b[i] & 0xffffffffL), 1, Integer::sum);
    }
    double together = pairs(both);
    double inFirst = pairs(first);
    double inSecond = pairs(second);
    double expected = inFirst * inSecond / (0.5 * a.length * (a.length - 1.0));
    double most = (inFirst + inSecond) / 2;
    return most == expected ? 1 : (together - expected) / (most - expected);
  }

  /**
   * Returns the adjusted Rand index of two partitions of the layer–scale pairs of scales {@code
   * firstScale} to K−1 into drafters and refiners; NaN for fewer than two pairs.
   */
  public static double adjustedRand(RoleAssignment a, RoleAssignment b, int firstScale) {
    Require.that(
        a.layers() == b.layers() && a.scales() == b.scales(),
        "role assignments must have the same shape, got %d layers x %d scales and %d x %d",
        a.layers(),
        a.scales(),
        b.layers(),
        b.scales());
    int pairs = a.layers() * (a.scales() - firstScale);
    return pairs < 2
        ? Double.NaN
        : adjustedRandIndex(labels(a, firstScale, pairs), labels(b, firstScale, pairs));
  }

  private static int[] labels(RoleAssignment roles, int firstScale, int pairs) {
    int layers = roles.layers();
    return IntStream.range(0, pairs)
        .map(i -> roles.isDrafter(i % layers, firstScale + i / layers) ? 1 : 0)
        .toArray();
  }

  private static double pairs(Map<?, Integer> counts) {
    return counts.values().stream().mapToDouble(n -> 0.5 * n * (n - 1.0)).sum();
  }
}
