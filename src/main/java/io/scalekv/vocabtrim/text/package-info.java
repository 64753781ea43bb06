/**
 * Text and tokens: tokenizers in the format of the Hugging Face library, byte-pair training, and a
 * synthetic language of three domains that needs no files.
 */
package io.scalekv.vocabtrim.text;
