package io.scalekv.roles;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/** Which end of a metric marks the drafters. */
public enum Orientation {
  /** Low values are drafters, as with the attention selectivity index. */
  @JsonProperty("lowest")
  LOWEST,
  /** High values are drafters, as with entropy. */
  @JsonProperty("highest")
  HIGHEST;

  /** The word used in files: {@code lowest} or {@code highest}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
