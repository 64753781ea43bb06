package io.scalekv.vocabtrim.lm;

import io.scalekv.io.Require;
import java.util.List;

/**
 * Scaling of the frequencies of the rotary embedding for long contexts.
 *
 * @see <a href="https://arxiv.org/abs/2407.21783">Llama 3, section 3.4.3 and its released code</a>
 */
public sealed interface RopeScaling {
  /** No scaling. */
  record None() implements RopeScaling {
    @Override
    public double frequency(double frequency, int i) {
      return frequency;
    }
  }

  /**
   * All frequencies divided by one number.
   *
   * @param factor divisor
   */
  record Linear(double factor) implements RopeScaling {
    public Linear {
      atLeastOne(factor);
    }

    @Override
    public double frequency(double frequency, int i) {
      return frequency / factor;
    }
  }

  /**
   * Rule of Llama 3: frequencies of long waves are divided by the factor, those of short waves are
   * unchanged, with interpolation between.
   *
   * @param factor of the long waves
   * @param lowFactor a wave is long above {@code originalPositions / lowFactor} tokens
   * @param highFactor a wave is short below {@code originalPositions / highFactor} tokens
   * @param originalPositions context of the first training
   */
  record Llama3(double factor, double lowFactor, double highFactor, int originalPositions)
      implements RopeScaling {
    public Llama3 {
      atLeastOne(factor);
      Require.that(
          lowFactor > 0 && highFactor > lowFactor && Double.isFinite(highFactor),
          "high_freq_factor must be above low_freq_factor and both above 0, got %s and %s",
          highFactor,
          lowFactor);
      Require.atLeast("original_max_position_embeddings", originalPositions, 1);
    }

    @Override
    public double frequency(double frequency, int i) {
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

  /**
   * Every frequency divided by a number of its own, as GGUF files store the rule of Llama 3.
   *
   * @param divisors [D/2]
   */
  record Divisors(List<Double> divisors) implements RopeScaling {
    public Divisors {
      divisors = List.copyOf(divisors);
    }

    @Override
    public double frequency(double frequency, int i) {
      return frequency / divisors.get(i);
    }
  }

  /**
   * Returns a scaled frequency.
   *
   * @param frequency before scaling, in radians per token
   * @param i its index, 0 to D/2 − 1
   */
  double frequency(double frequency, int i);

  private static void atLeastOne(double factor) {
    boolean scales = factor >= 1 && Double.isFinite(factor);
    Require.that(scales, "factor of rope_scaling must be at least 1, got %s", factor);
  }
}
