/**
 * Language models of VocabTrim: the interface {@link io.scalekv.vocabtrim.lm.LanguageModel}, its
 * implementation of the Llama layout, read from folders of the Hugging Face library, and EAGLE.
 *
 * <p>Letters: B sequences, L tokens, T cached tokens, H query heads, G key-value heads, D head
 * width, C width, V vocabulary, K rows of the output head.
 */
package io.scalekv.vocabtrim.lm;
