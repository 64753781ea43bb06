package io.scalekv.cache.policy;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenSelector;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Random policy, the floor of every comparison: after each scale, retains a uniform sample of the
 * stored tokens. The sample depends only on seed, layer, scale and head and is the same for every
 * row, so that an image does not depend on its batch.
 *
 * @param name with its settings
 * @param plan the same budget everywhere
 * @param seed of the samples
 */
record RandomTokens(String name, BudgetPlan plan, long seed) implements CachePolicy {
  static final PolicyKind KIND =
      PolicyKind.of(
          "random",
          "tokens at random",
          "floor of every comparison",
          List.of(),
          (spec, c) -> new RandomTokens(spec.toString(), c.uniform(), c.seed()));

  @Override
  public TokenSelector selector(int layer) {
    return in -> {
      int[][] retained = new int[in.heads().length][];
      for (int g = 0; g < retained.length; g++) {
        retained[g] = sample(generator(in, g), in.tokens(), in.budget()[g]);
      }
      return RetainedTokens.alike(retained);
    };
  }

  private SplittableRandom generator(SelectionInputs in, int g) {
    // mixed before each addition: seed 1 in layer 0 must not be seed 0 in layer 1
    long state = mixed(seed);
    for (int part : new int[] {in.layer(), in.scale(), in.heads()[g]}) {
      state = mixed(state + part);
    }
    return new SplittableRandom(state);
  }

  private static long mixed(long x) {
    return new SplittableRandom(x).nextLong();
  }

  /** Returns {@code count} of 0..length−1, ascending, every choice equally likely. */
  private static int[] sample(SplittableRandom random, int length, int count) {
    int[] drawn = new int[Math.min(count, length)];
    for (int i = 0, at = 0; at < drawn.length; i++) {
      if (random.nextInt(length - i) < drawn.length - at) {
        drawn[at++] = i;
      }
    }
    return drawn;
  }
}
