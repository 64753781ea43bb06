package io.scalekv.profile;

import java.util.Arrays;

/**
 * Sampler of the query rows of a map, uniformly without replacement and in random order. The draw
 * is a function of (seed, prompt, layer, scale) alone, so neither the order of the calls nor
 * threads change it. Generator: SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom
 * Number Generators", OOPSLA 2014).
 */
public final class QuerySampler {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  private QuerySampler(long seed, int prompt, int layer, int scale) {
    state = mix(seed);
    state = mix(state + GOLDEN_GAMMA * (prompt + 1L));
    state = mix(state + GOLDEN_GAMMA * (layer + 1L));
    state = mix(state + GOLDEN_GAMMA * (scale + 1L));
  }

  /** Returns {@code min(count, tokens)} different positions of 0..tokens−1. */
  public static int[] draw(long seed, int prompt, int layer, int scale, int tokens, int count) {
    QuerySampler random = new QuerySampler(seed, prompt, layer, scale);
    int[] positions = new int[tokens];
    for (int i = 0; i < tokens; i++) {
      positions[i] = i;
    }
    int n = Math.min(count, tokens);
    for (int i = 0; i < n; i++) {
      int j = i + random.below(tokens - i);
      int taken = positions[j];
      positions[j] = positions[i];
      positions[i] = taken;
    }
    return Arrays.copyOf(positions, n);
  }

  /** Uniform in 0..bound−1, up to a bias below bound / 2⁶⁴. */
  private int below(int bound) {
    state += GOLDEN_GAMMA;
    return (int) Long.remainderUnsigned(mix(state), bound);
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
