/** A target, its draft model and the tokenizer that both share, among them the pair that ships. */
package io.scalekv.vocabtrim.pair;
