package io.scalekv.cache;

/**
 * Chooses which tokens stay, for one layer during one generation. May remember what it has seen.
 */
public interface Keeper {
  /**
   * Sees every map that will be stored, whether or not something has to go, before {@link #keep}.
   */
  default void attended(Attended a) {}

  /**
   * Chooses the tokens that stay. Only called when some head of the group holds more than its
   * budget.
   *
   * @return at most {@code budget[g]} indices in 0..T−1 for every head of the group
   */
  Kept keep(Attended a);
}
