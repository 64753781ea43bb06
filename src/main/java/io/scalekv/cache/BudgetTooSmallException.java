package io.scalekv.cache;

/** Budget below the least that a policy is defined for: results are "n/a", not drawn. */
public final class BudgetTooSmallException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  /** With a message in one line. */
  public BudgetTooSmallException(String message) {
    super(message);
  }
}
