package io.scalekv.cache;

/**
 * Importance of every stored token; the most important tokens are retained. The one method that a
 * new scoring policy has to write: see {@link ScoredPolicy}.
 */
@FunctionalInterface
public interface TokenScorer {
  /**
   * Returns scores.
   *
   * @return [R·G·T] row by row and head by head, T numbers each; +∞ retains a token in any case,
   *     NaN is an error
   */
  float[] score(SelectionInputs in);
}
