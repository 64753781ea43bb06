package io.scalekv.model.vae;

import io.scalekv.io.Require;
import java.util.List;

/**
 * Shape of a bitwise image tokenizer of the Infinity family (Han et al., arXiv 2412.04431, section
 * 3.2): a convolutional encoder and decoder around a multi-scale residual binary spherical
 * quantiser.
 *
 * @param codeBits bits per latent position, d
 * @param patch pixels a side per latent position: 2 to the number of halvings
 * @param baseWidth feature maps of the first level
 * @param multipliers factor on {@code baseWidth} for every level, finest first
 * @param encoderBlocks residual blocks of a level in the encoder
 * @param decoderBlocks residual blocks of a level in the decoder
 * @param normGroups groups of every group normalisation (32 in the published models)
 */
public record VaeConfig(
    int codeBits,
    int patch,
    int baseWidth,
    List<Integer> multipliers,
    int encoderBlocks,
    int decoderBlocks,
    int normGroups) {

  /** Copies the list and checks the numbers against each other. */
  public VaeConfig {
    multipliers = List.copyOf(multipliers);
    Require.atLeast("codeBits", codeBits, 1);
    Require.that(
        patch >= 1 && Integer.bitCount(patch) == 1, "patch must be a power of two, got %d", patch);
    Require.that(!multipliers.isEmpty(), "multipliers must be at least one, got none");
    Require.that(
        Integer.numberOfTrailingZeros(patch) <= multipliers.size(),
        "patch must have at most %d halvings, one a level, got %d",
        multipliers.size(),
        patch);
    Require.atLeast("encoderBlocks", encoderBlocks, 1);
    Require.atLeast("decoderBlocks", decoderBlocks, 1);
    Require.that(
        normGroups >= 1 && baseWidth % normGroups == 0,
        "normGroups must divide the baseWidth %d, got %d",
        baseWidth,
        normGroups);
  }

  /** Returns the number of levels. */
  public int levels() {
    return multipliers.size();
  }

  /** Returns the feature maps of level {@code i}. */
  public int width(int i) {
    return baseWidth * multipliers.get(i);
  }

  /** Returns the halvings between pixels and latent: log2(patch). */
  public int halvings() {
    return Integer.numberOfTrailingZeros(patch);
  }
}
