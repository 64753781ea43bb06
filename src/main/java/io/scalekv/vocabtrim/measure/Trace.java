package io.scalekv.vocabtrim.measure;

/**
 * Trace of an untrimmed draft model, teacher-forced over one text of the target: enough to give the
 * blocks of speculative decoding for several numbers of retained tokens without running a model
 * again.
 */
public sealed interface Trace permits GreedyTrace, SampledTrace {
  /**
   * Appends the next token of the text.
   *
   * @param probability of the token under the target; unused for greedy text
   * @param logits [V] of the untrimmed draft model
   * @param token of the text
   */
  void accept(double probability, float[] logits, int token);

  /**
   * Returns the blocks of the text.
   *
   * @param k retained tokens
   * @param gamma drafted tokens of a block
   */
  BlockStatistics blocks(int k, int gamma);
}
