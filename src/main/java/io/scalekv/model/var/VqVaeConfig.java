package io.scalekv.model.var;

import io.scalekv.io.Require;
import io.scalekv.model.vae.VaeConfig;
import java.util.List;

/**
 * Shape of VAR's image tokenizer: a convolutional encoder and decoder around a codebook.
 *
 * @param codes entries of the codebook, V
 * @param codeWidth numbers of a code, d
 * @param patch pixels a side per latent position: every level except the coarsest halves
 * @param baseWidth feature maps of the first level
 * @param multipliers factor on {@code baseWidth} for every level, finest first
 * @param encoderBlocks residual blocks of a level in the encoder
 * @param decoderBlocks residual blocks of a level in the decoder
 * @param normGroups groups of every group normalisation
 */
public record VqVaeConfig(
    int codes,
    int codeWidth,
    int patch,
    int baseWidth,
    List<Integer> multipliers,
    int encoderBlocks,
    int decoderBlocks,
    int normGroups) {
  /** The published tokenizer of all models, {@code vae_ch160v4096z32}. */
  public static final VqVaeConfig PUBLISHED =
      new VqVaeConfig(4096, 32, 16, 160, List.of(1, 1, 2, 2, 4), 2, 3, 32);

  /** Copies the list and checks the numbers against each other. */
  public VqVaeConfig {
    multipliers = List.copyOf(multipliers);
    Require.atLeast("codes", codes, 2);
    Require.atLeast("codeWidth", codeWidth, 1);
    VaeConfig network =
        new VaeConfig(
            codeWidth, patch, baseWidth, multipliers, encoderBlocks, decoderBlocks, normGroups);
    Require.that(
        network.halvings() == network.levels() - 1,
        "patch must be %d for %d levels, got %d",
        1 << network.levels() - 1,
        network.levels(),
        patch);
  }

  /** Returns the shape of encoder and decoder. */
  VaeConfig network() {
    return new VaeConfig(
        codeWidth, patch, baseWidth, multipliers, encoderBlocks, decoderBlocks, normGroups);
  }
}
