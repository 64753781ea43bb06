package io.scalekv.vocabtrim.text;

import java.util.Locale;

/** The domains of the synthetic language; each has most of its words to itself. */
public enum Domain {
  /** Stories: people, places, what they do. */
  WRITING,
  /** Sums and small proofs. */
  MATH,
  /** Short functions of a small programming language. */
  CODING;

  /** The name in files and on the command line. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The domain of a name.
   *
   * @throws IllegalArgumentException for another name
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
