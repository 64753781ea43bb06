package io.scalekv.roles;

import java.util.Locale;

/** Role of a layer at one scale (Li et al., ScaleKV, section 3.2). */
public enum Role {
  /** Spreads its attention over the prefix: needs a large cache. */
  DRAFTER,
  /** Attends to the current map or to few prefix tokens: a small cache suffices. */
  REFINER;

  /** Returns the word used in files: {@code drafter} or {@code refiner}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
