/** Pairs of a target and its draft model with one tokenizer, the shipped pair among them. */
package io.scalekv.vocabtrim.pair;
