package io.scalekv.cache;

/**
 * Worth of every held token; the tokens of highest worth stay. The one method a new scoring policy
 * has to write: see {@link ScoredPolicy}.
 */
@FunctionalInterface
public interface KeepScorer {
  /**
   * Scores.
   *
   * @return [R·G·T] row by row and head by head, T numbers each; +∞ keeps a token in any case, NaN
   *     is an error
   */
  float[] score(Attended a);
}
