/**
 * Visual autoregressive models: they draw images with a given KV cache while taps watch.
 *
 * <p>A {@link io.scalekv.model.ModelConfig} and a {@link io.scalekv.model.ModelSource} make an
 * {@link io.scalekv.model.ImageModel}, which turns {@link io.scalekv.model.Prompt}s into images.
 * {@link io.scalekv.model.AttentionTap} observes attention, {@link
 * io.scalekv.model.GenerationListener} everything else.
 *
 * <p>Letters, here and below: B batch rows, L tokens, H heads, D head width, C width, V bit logits,
 * K scales, T keys or text tokens, d bits of a token.
 */
package io.scalekv.model;
