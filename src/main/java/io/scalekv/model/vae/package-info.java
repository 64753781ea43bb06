/**
 * Image tokenizers: convolutional encoder and decoder, multi-scale residual quantiser, and the
 * bitwise one of Infinity.
 */
package io.scalekv.model.vae;
