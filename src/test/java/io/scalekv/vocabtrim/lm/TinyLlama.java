package io.scalekv.vocabtrim.lm;

import java.util.List;
import java.util.Random;

/** Small models with random weights, of every shape that the layout allows. */
public final class TinyLlama {
  private TinyLlama() {}

  /** A configuration of 2 layers with 3 query heads on each key-value head. */
  public static LlamaConfig config(int vocabulary, boolean tied, RopeScaling scaling) {
    return new LlamaConfig(
        vocabulary, 20, 28, 2, 6, 2, 8, 1e-5, 10000, scaling, 512, tied, -1, List.of());
  }

  /** The same, untied, without scaling. */
  public static LlamaConfig config(int vocabulary) {
    return config(vocabulary, false, new RopeScaling.None());
  }

  /** Random tokens. */
  public static int[] tokens(Random random, int length, int vocabulary) {
    return random.ints(length, 0, vocabulary).toArray();
  }
}
