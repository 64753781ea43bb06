/**
 * Measures of a trimmed draft model: block efficiency, memory-bound speed-up, acceptance; exact for
 * all numbers of retained tokens from one pass. No class here knows a tensor.
 *
 * <p>Letters: V vocabulary, k retained tokens, γ drafted tokens of a block, τ block efficiency.
 */
package io.scalekv.vocabtrim.measure;
