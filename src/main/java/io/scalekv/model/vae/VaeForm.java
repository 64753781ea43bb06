package io.scalekv.model.vae;

/** Form of the published convolutional tokenizers: names of their weights and attention. */
public enum VaeForm {
  /** Infinity's: a layer's weights are named {@code x.conv.weight}; no attention. */
  INFINITY,
  /**
   * VQ-GAN's, as VAR has it: {@code x.weight}; single-head attention after every residual block of
   * the coarsest level and between the two of the middle.
   */
  VQGAN;

  String conv(String layer) {
    return this == INFINITY ? layer + ".conv" : layer;
  }

  String norm(String layer) {
    return this == INFINITY ? layer + ".norm" : layer;
  }

  /** Returns the name of the attention after residual block {@code block} of a level, or null. */
  String attention(String side, int level, int block, VaeConfig config) {
    return this == VQGAN && level == config.levels() - 1 ? side + level + ".attn." + block : null;
  }

  /** Returns the name of the middle's attention, or null. */
  String middleAttention(String middle) {
    return this == VQGAN ? middle + "attn_1" : null;
  }
}
