package io.scalekv.vocabtrim.text;

import java.util.Locale;

/** Domain of the synthetic language; most words occur in one domain only. */
public enum Domain {
  /** Stories: people, places, actions. */
  WRITING,
  /** Sums and small proofs. */
  MATH,
  /** Short functions of a small programming language. */
  CODING;

  /** Returns the name in files and on the command line. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the domain of a name.
   *
   * @throws IllegalArgumentException for an unknown name
   */
  public static Domain of(String key) {
    for (Domain d : values()) {
      if (d.key().equals(key)) {
        return d;
      }
    }
    throw new IllegalArgumentException("domain must be writing, math or coding, got " + key);
  }
}
