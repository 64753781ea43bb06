/**
 * Transformer blocks of any family and the loop over scales; self-attention over a KV cache while
 * drawing, over all scales in training.
 */
package io.scalekv.model.attention;
