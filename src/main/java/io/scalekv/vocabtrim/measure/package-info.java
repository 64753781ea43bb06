/**
 * What a trimmed draft model is worth: block efficiency, memory-bound speed-up, acceptance,
 * coverage; exact for all numbers of retained tokens from one pass. Knows no tensor.
 *
 * <p>Letters: V vocabulary, k retained tokens, γ drafted tokens of a block, τ block efficiency.
 */
package io.scalekv.vocabtrim.measure;
