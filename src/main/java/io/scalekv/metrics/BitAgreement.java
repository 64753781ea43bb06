package io.scalekv.metrics;

import io.scalekv.io.Require;
import java.util.List;

/**
 * Share of equal token bits of two generations, in 0..1: ½ is chance, 1 is no difference. Bits are
 * given as 0 and 1, or as −1 and 1; a bit is one where the value is above 0.
 */
public final class BitAgreement {
  private BitAgreement() {}

  /**
   * Returns the share in each of K maps.
   *
   * @param full bits of each map under the full cache, any order of their [B,L,d] values
   * @param policy bits under the policy, in the same order
   * @throws IllegalArgumentException if the numbers of maps or of bits differ, for a map without
   *     bits, or NaN
   */
  public static double[] perMap(List<float[]> full, List<float[]> policy) {
    PairedValues.sameLength("bit agreement: maps", full.size(), policy.size());
    double[] shares = new double[full.size()];
    for (int k = 0; k < shares.length; k++) {
      shares[k] = share("bit agreement: map " + k, full.get(k), policy.get(k));
    }
    return shares;
  }

  /** Returns the share of one map or of all bits. Errors as {@link #perMap}. */
  public static double share(float[] full, float[] policy) {
    return share("bit agreement", full, policy);
  }

  /** Returns the share of bits as truth values. Errors as {@link #perMap}. */
  public static double share(boolean[] full, boolean[] policy) {
    check("bit agreement", full.length, policy.length);
    int equal = 0;
    for (int i = 0; i < full.length; i++) {
      equal += full[i] == policy[i] ? 1 : 0;
    }
    return (double) equal / full.length;
  }

  private static double share(String what, float[] full, float[] policy) {
    check(what, full.length, policy.length);
    int equal = 0;
    for (int i = 0; i < full.length; i++) {
      if (Float.isNaN(full[i]) || Float.isNaN(policy[i])) {
        throw new IllegalArgumentException(
            what + ": bit " + i + " must be a number, got " + full[i] + " and " + policy[i]);
      }
      equal += full[i] > 0 == policy[i] > 0 ? 1 : 0;
    }
    return (double) equal / full.length;
  }

  private static void check(String what, int full, int policy) {
    PairedValues.sameLength(what, full, policy);
    Require.that(full != 0, "%s needs at least 1 bit, got none", what);
  }
}
