package io.scalekv.vocabtrim.decode;

/**
 * What was generated.
 *
 * @param tokens after the prompt
 * @param statistics of this run
 */
public record Generation(int[] tokens, DecodeStatistics statistics) {}
