/**
 * Text and tokens: tokenizers in the form of the Hugging Face library, byte-pair training for small
 * ones, and a synthetic language of three domains that is always there.
 */
package io.scalekv.vocabtrim.text;
