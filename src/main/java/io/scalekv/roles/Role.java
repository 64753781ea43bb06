package io.scalekv.roles;

/** What a layer does with its history at one scale (Li et al., ScaleKV, section 3.2). */
public enum Role {
  /** Spreads its attention over the prefix: needs a large cache. */
  DRAFTER,
  /** Keeps its attention on the current map or on few history tokens: a small cache will do. */
  REFINER;

  /** The word used in files: {@code drafter} or {@code refiner}. */
  public String word() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
