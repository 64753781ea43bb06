package io.scalekv.roles;

/** Which end of a metric marks the drafters. */
public enum Orientation {
  /** Low values are drafters, as with the attention selectivity index. */
  LOWEST,
  /** High values are drafters, as with entropy. */
  HIGHEST;

  /** The word used in files: {@code lowest} or {@code highest}. */
  public String word() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
