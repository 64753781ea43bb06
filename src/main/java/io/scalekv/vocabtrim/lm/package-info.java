/**
 * The language models of VocabTrim: the port {@link io.scalekv.vocabtrim.lm.LanguageModel} and
 * behind it the Llama layout, whose folders are those of the Hugging Face library.
 *
 * <p>Letters: B sequences, L tokens, T tokens held, H query heads, G key-value heads, D head width,
 * C width, V vocabulary, K rows of the output head.
 */
package io.scalekv.vocabtrim.lm;
