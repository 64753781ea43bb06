package io.scalekv.model.infinity;

import io.scalekv.cache.Geometry;

/**
 * Shape of an Infinity transformer (Han et al., arXiv 2412.04431). The released switches are fixed:
 * shared AdaLN, cosine attention, layer norm eps 1e-6, one-layer head, no SwiGLU, level embedding
 * added once before block 0, rotary embedding in every self-attention.
 *
 * @param depth layers
 * @param width C
 * @param heads H; the head width is C / H
 * @param ffnWidth hidden width of the feed-forward part
 * @param codeBits bits of a latent position of the tokenizer
 * @param patchify whether one token stands for 2×2 latent positions
 * @param textWidth width of the text features
 * @param textMaxLength most text tokens
 * @param blockChunks groups into which the published state dict splits the layers
 */
public record InfinityConfig(
    int depth,
    int width,
    int heads,
    int ffnWidth,
    int codeBits,
    boolean patchify,
    int textWidth,
    int textMaxLength,
    int blockChunks) {

  /** Rows of the level embedding in the published models. */
  public static final int LEVELS = 15;

  /** Checks the numbers against each other. */
  public InfinityConfig {
    require(depth >= 1, "depth of at least 1", depth);
    require(heads >= 1 && width % heads == 0, "width that heads (" + heads + ") divide", width);
    require(width / heads % 4 == 0, "head width that 4 divides", width / heads);
    require(ffnWidth >= 1, "ffnWidth of at least 1", ffnWidth);
    require(codeBits >= 1, "codeBits of at least 1", codeBits);
    require(textWidth >= 1 && textWidth % 128 == 0, "textWidth that 128 divides", textWidth);
    require(width % (textWidth / 128) == 0, "width that the pool's heads divide", width);
    require(textMaxLength >= 1, "textMaxLength of at least 1", textMaxLength);
    require(blockChunks >= 1 && depth % blockChunks == 0, "depth % blockChunks = 0", depth);
  }

  private static void require(boolean ok, String expected, Object got) {
    if (!ok) {
      throw new IllegalArgumentException("infinity config: expected " + expected + ", got " + got);
    }
  }

  /** Layers, heads and head width. */
  public Geometry geometry() {
    return new Geometry(depth, heads, headWidth());
  }

  /** Head width, D. */
  public int headWidth() {
    return width / heads;
  }

  /** Bits of a token: 4 · codeBits under patchify. */
  public int tokenBits() {
    return patchify ? 4 * codeBits : codeBits;
  }

  /** Heads of the attentive text pool. */
  public int poolHeads() {
    return textWidth / 128;
  }

  /** State-dict prefix of layer {@code layer}. */
  public String blockName(int layer) {
    int perChunk = depth / blockChunks;
    return blockChunks == 1
        ? "blocks." + layer
        : "block_chunks." + layer / perChunk + ".module." + layer % perChunk;
  }

  /** Hidden width as upstream rounds it: {@code ratio · width} to a multiple of 256. */
  public static int ffnWidth(int width, double ratio) {
    return (int) Math.rint(width * ratio / 256) * 256;
  }
}
