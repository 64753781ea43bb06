/**
 * What a trimmed drafter is worth: block efficiency, memory-bound speed-up, acceptance, coverage;
 * exact for all numbers of kept tokens from one pass. Knows no tensor.
 *
 * <p>Letters: V vocabulary, k kept tokens, γ drafted tokens of a block, τ block efficiency.
 */
package io.scalekv.vocabtrim.measure;
