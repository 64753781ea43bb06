/**
 * The Infinity transformer and its generation loop. {@link io.scalekv.model.infinity.Infinity} is
 * stateless and serves training and generation; {@link io.scalekv.model.infinity.SelfAttention} is
 * what differs between them.
 */
package io.scalekv.model.infinity;
