package io.scalekv.cache.policy;

import io.scalekv.cache.Attended;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Keeper;
import io.scalekv.cache.Kept;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Tokens at random, drawn anew after each map from those still held: the floor of every comparison.
 * The draw hangs on seed, layer, map and head alone and is alike for all rows, so that an image
 * does not depend on the batch it is made in.
 *
 * @param name with its settings
 * @param plan the same budget everywhere
 * @param seed of the draws
 */
record RandomTokens(String name, BudgetPlan plan, long seed) implements CachePolicy {
  static final PolicyKind KIND =
      new PolicyKind(
          "random",
          "the floor of every comparison",
          Map.of(),
          (spec, c) -> new RandomTokens(spec.toString(), c.uniform(), c.seed()));

  @Override
  public Keeper keeper(int layer) {
    return a -> {
      int[][] kept = new int[a.heads().length][];
      for (int g = 0; g < kept.length; g++) {
        kept[g] = draw(generator(a, g), a.tokens(), a.budget()[g]);
      }
      return Kept.alike(kept);
    };
  }

  private SplittableRandom generator(Attended a, int g) {
    // mixed before each addition: seed 1 in layer 0 must not be seed 0 in layer 1
    long state = mixed(seed);
    for (int part : new int[] {a.layer(), a.scale(), a.heads()[g]}) {
      state = mixed(state + part);
    }
    return new SplittableRandom(state);
  }

  private static long mixed(long x) {
    return new SplittableRandom(x).nextLong();
  }

  /** {@code count} of 0..length−1, ascending, every choice equally likely. */
  private static int[] draw(SplittableRandom random, int length, int count) {
    int[] drawn = new int[Math.min(count, length)];
    for (int i = 0, at = 0; at < drawn.length; i++) {
      if (random.nextInt(length - i) < drawn.length - at) {
        drawn[at++] = i;
      }
    }
    return drawn;
  }
}
