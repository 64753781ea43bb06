package io.scalekv.cache;

/**
 * Selector of the tokens that one layer retains during one generation; may carry state over scales.
 */
public interface TokenSelector {
  /** Observes every scale that will be stored, before {@link #select}, evicting or not. */
  default void observe(SelectionInputs in) {}

  /**
   * Selects the retained tokens. Called only if some head of the group stores more than its budget.
   *
   * @return at most {@code budget[g]} indices in 0..T−1 for every head of the group
   */
  RetainedTokens select(SelectionInputs in);
}
