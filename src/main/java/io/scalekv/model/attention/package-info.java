/** Self-attention of any family: over a KV cache while drawing, over all scales in training. */
package io.scalekv.model.attention;
