package io.scalekv.scene;

import java.util.random.RandomGeneratorFactory;

/** Scenes and colours of the tests. */
public final class Scenes {
  private Scenes() {}

  /** Returns a sampler with an L64X128MixRandom. */
  public static SceneSampler seeded(long seed) {
    return SceneSampler.of(RandomGeneratorFactory.of("L64X128MixRandom").create(seed));
  }

  /** Returns the pure colour as {@code 0xRRGGBB}. */
  static int rgb(Colour colour) {
    return colour.pure(0) << 16 | colour.pure(1) << 8 | colour.pure(2);
  }
}
