/**
 * Speculative decoding (Leviathan et al., arXiv 2211.17192; Chen et al., arXiv 2302.01318) with a
 * draft model whose vocabulary may be trimmed (Goel et al., arXiv 2506.22694). The output is the
 * target's own: identical tokens if greedy, the same distribution if sampled.
 */
package io.scalekv.vocabtrim.decode;
