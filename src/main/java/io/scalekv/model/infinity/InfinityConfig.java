package io.scalekv.model.infinity;

import io.scalekv.cache.Geometry;
import io.scalekv.io.Require;

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
 * @param textWidth width of the text embeddings
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
    Require.atLeast("depth", depth, 1);
    Require.that(
        heads >= 1 && width % heads == 0, "heads must divide the width %d, got %d", width, heads);
    Require.that(
        width / heads % 4 == 0, "head width must be divisible by 4, got %d", width / heads);
    Require.atLeast("ffnWidth", ffnWidth, 1);
    Require.atLeast("codeBits", codeBits, 1);
    Require.that(
        textWidth >= 1 && textWidth % 128 == 0,
        "textWidth must be divisible by 128, got %d",
        textWidth);
    Require.that(
        width % (textWidth / 128) == 0,
        "width must be divisible by textWidth / 128 = %d, got %d",
        textWidth / 128,
        width);
    Require.atLeast("textMaxLength", textMaxLength, 1);
    Require.that(
        blockChunks >= 1 && depth % blockChunks == 0,
        "blockChunks must divide the depth %d, got %d",
        depth,
        blockChunks);
  }

  /** Returns layers, heads and head width. */
  public Geometry geometry() {
    return new Geometry(depth, heads, headWidth());
  }

  /** Returns the head width D. */
  public int headWidth() {
    return width / heads;
  }

  /** Returns the bits of a token: 4 · codeBits under patchify. */
  public int tokenBits() {
    return patchify ? 4 * codeBits : codeBits;
  }

  /** Returns the heads of the attentive text pool. */
  public int poolHeads() {
    return textWidth / 128;
  }

  /** Returns the state-dict prefix of layer {@code layer}. */
  public String blockName(int layer) {
    int perChunk = depth / blockChunks;
    return blockChunks == 1
        ? "blocks." + layer
        : "block_chunks." + layer / perChunk + ".module." + layer % perChunk;
  }

  /** Returns the hidden width as upstream rounds it: {@code ratio · width} to a multiple of 256. */
  public static int ffnWidth(int width, double ratio) {
    return (int) Math.rint(width * ratio / 256) * 256;
  }
}
