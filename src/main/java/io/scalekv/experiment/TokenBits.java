package io.scalekv.experiment;

import io.scalekv.io.Require;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Token bits of all maps of one image.
 *
 * @param maps L·d bits of each of the K maps
 */
record TokenBits(List<boolean[]> maps) {
  /** Copies the list. */
  TokenBits {
    maps = List.copyOf(maps);
  }

  /** Eight bits a byte, map after map without gaps, the first bit lowest. */
  byte[] pack() {
    BitSet bits = new BitSet();
    int at = 0;
    for (boolean[] map : maps) {
      for (boolean bit : map) {
        bits.set(at++, bit);
      }
    }
    byte[] packed = new byte[(at + 7) / 8];
    byte[] used = bits.toByteArray();
    System.arraycopy(used, 0, packed, 0, used.length);
    return packed;
  }

  /**
   * Reads the output of {@link #pack}.
   *
   * @param counts bits of each map
   */
  static TokenBits unpack(byte[] packed, int[] counts, String name) {
    int all = 0;
    for (int n : counts) {
      all += n;
    }
    int bytes = (all + 7) / 8;
    Require.that(
        packed.length == bytes, "%s must have %s bytes, got %s", name, bytes, packed.length);
    BitSet bits = BitSet.valueOf(packed);
    List<boolean[]> maps = new ArrayList<>();
    int at = 0;
    for (int n : counts) {
      boolean[] map = new boolean[n];
      for (int i = 0; i < n; i++) {
        map[i] = bits.get(at++);
      }
      maps.add(map);
    }
    return new TokenBits(maps);
  }

  /** Returns the share of equal bits of every map. */
  double[] agreement(TokenBits other) {
    double[] shares = new double[maps.size()];
    for (int k = 0; k < shares.length; k++) {
      shares[k] = agreement(maps.get(k), other.maps.get(k));
    }
    return shares;
  }

  /** Returns the share of equal bits, 0 to 1; ½ is chance. */
  static double agreement(boolean[] full, boolean[] policy) {
    Require.that(
        full.length == policy.length && full.length > 0,
        "token bits must be as many, and at least 1, got %d and %d",
        full.length,
        policy.length);
    int equal = 0;
    for (int i = 0; i < full.length; i++) {
      equal += full[i] == policy[i] ? 1 : 0;
    }
    return (double) equal / full.length;
  }

  /** Returns the share of equal bits of all maps together, from those of every map. */
  double overall(double[] shares) {
    double equal = 0;
    long all = 0;
    for (int k = 0; k < shares.length; k++) {
      equal += shares[k] * maps.get(k).length;
      all += maps.get(k).length;
    }
    return equal / all;
  }
}
