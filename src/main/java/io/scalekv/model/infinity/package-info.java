/**
 * The Infinity transformer and the steps of its generation. {@link
 * io.scalekv.model.infinity.Infinity} is stateless and serves training and generation, which differ
 * in {@link io.scalekv.model.attention.SelfAttention}.
 */
package io.scalekv.model.infinity;
