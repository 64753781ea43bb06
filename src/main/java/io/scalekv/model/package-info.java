/**
 * Text-to-image models of the Infinity family (Han et al., CVPR 2025, arXiv 2412.04431).
 *
 * <p>The way through the package: a {@link io.scalekv.model.ModelConfig} and a {@link
 * io.scalekv.model.ModelSource} make an {@link io.scalekv.model.ImageModel}, which turns {@link
 * io.scalekv.model.Prompt}s into images. {@link io.scalekv.model.AttentionTap} is the port through
 * which attention is observed, {@link io.scalekv.model.GenerationListener} that for everything
 * else.
 *
 * <p>Letters, here and below: B batch rows, L tokens, H heads, D head width, C width, V bit logits,
 * K scales, T keys or text tokens, d bits of a token.
 */
package io.scalekv.model;
