/**
 * Speculative decoding (Leviathan et al., arXiv 2211.17192; Chen et al., arXiv 2302.01318) with a
 * draft model whose vocabulary may be trimmed (Goel et al., arXiv 2506.22694): what comes out is
 * what the target alone would give, greedy to the token, sampled in law.
 */
package io.scalekv.vocabtrim.decode;
