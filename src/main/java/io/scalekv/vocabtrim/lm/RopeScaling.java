package io.scalekv.vocabtrim.lm;

import io.scalekv.io.Require;

/**
 * How the frequencies of the rotary embedding are stretched for long contexts.
 *
 * @see <a href="https://arxiv.org/abs/2407.21783">Llama 3, section 3.4.3 and its released code</a>
 */
public sealed interface RopeScaling {
  /** The frequencies as they are. */
  record None() implements RopeScaling {
    @Override
    public double frequency(double frequency) {
      return frequency;
    }
  }

  /**
   * All frequencies divided by one number.
   *
   * @param factor by which
   */
  record Linear(double factor) implements RopeScaling {
    /** Checks the factor. */
    public Linear {
      atLeastOne(factor);
    }

    @Override
    public double frequency(double frequency) {
      return frequency / factor;
    }
  }

  /**
   * The rule of Llama 3: long waves are divided by the factor, short ones stay, between the two the
   * division fades in.
   *
   * @param factor of the long waves
   * @param lowFactor a wave is long above {@code originalPositions / lowFactor} tokens
   * @param highFactor a wave is short below {@code originalPositions / highFactor} tokens
   * @param originalPositions context of the first training
   */
  record Llama3(double factor, double lowFactor, double highFactor, int originalPositions)
      implements RopeScaling {
    /** Checks the numbers against each other. */
    public Llama3 {
      atLeastOne(factor);
      Require.that(
          lowFactor > 0 && highFactor > lowFactor && !Double.isInfinite(highFactor),
          "llama config: low_freq_factor must be above 0 and high_freq_factor above it, got %s and"
              + " %s",
          lowFactor,
          highFactor);
      Require.that(
          originalPositions >= 1,
          "llama config: original_max_position_embeddings must be at least 1, got %s",
          originalPositions);
    }

    @Override
    public double frequency(double frequency) {
      double wave = 2 * Math.PI / frequency;
      if (wave > originalPositions / lowFactor) {
        return frequency / factor;
      }
      if (wave < originalPositions / highFactor) {
        return frequency;
      }
      double smooth = (originalPositions / wave - lowFactor) / (highFactor - lowFactor);
      return (1 - smooth) * frequency / factor + smooth * frequency;
    }
  }

  /** The frequency to use instead of an unscaled one, both in radians a token. */
  double frequency(double frequency);

  private static void atLeastOne(double factor) {
    Require.that(
        factor >= 1 && !Double.isInfinite(factor),
        "llama config: factor of rope_scaling must be at least 1, got %s",
        factor);
  }
}
