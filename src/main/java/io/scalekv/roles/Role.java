package io.scalekv.roles;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/** What a layer does with its history at one scale (Li et al., ScaleKV, section 3.2). */
public enum Role {
  /** Spreads its attention over the prefix: needs a large cache. */
  @JsonProperty("drafter")
  DRAFTER,
  /** Keeps its attention on the current map or on few history tokens: a small cache will do. */
  @JsonProperty("refiner")
  REFINER;

  /** The word used in files: {@code drafter} or {@code refiner}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
