package io.scalekv.model.vae;

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
    require(codeBits >= 1, "codeBits of at least 1", codeBits);
    require(Integer.bitCount(patch) == 1, "patch that is a power of two", patch);
    require(!multipliers.isEmpty(), "at least one multiplier", multipliers);
    require(
        Integer.numberOfTrailingZeros(patch) <= multipliers.size(),
        "no more halvings than levels (" + multipliers.size() + ")",
        patch);
    require(encoderBlocks >= 1 && decoderBlocks >= 1, "at least one block a level", encoderBlocks);
    require(
        normGroups >= 1 && baseWidth % normGroups == 0, "baseWidth % normGroups = 0", baseWidth);
  }

  private static void require(boolean ok, String expected, Object got) {
    if (!ok) {
      throw new IllegalArgumentException("vae config: expected " + expected + ", got " + got);
    }
  }

  /** Number of levels. */
  public int levels() {
    return multipliers.size();
  }

  /** Feature maps of level {@code i}. */
  public int width(int i) {
    return baseWidth * multipliers.get(i);
  }

  /** Halvings between pixels and latent: log2(patch). */
  public int halvings() {
    return Integer.numberOfTrailingZeros(patch);
  }
}
