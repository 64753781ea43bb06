/**
 * The bitwise image tokenizer: convolutional encoder and decoder, multi-scale residual quantiser.
 */
package io.scalekv.model.vae;
