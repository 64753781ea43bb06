/** A target, its drafter and the tokenizer that both share, among them the pair that ships. */
package io.scalekv.vocabtrim.pair;
