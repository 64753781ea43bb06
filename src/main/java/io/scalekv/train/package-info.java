/**
 * The trainers of the pocket model: {@link io.scalekv.train.PocketTraining} runs the tokenizer's,
 * then the transformer's, both on one resumable loop.
 */
package io.scalekv.train;
