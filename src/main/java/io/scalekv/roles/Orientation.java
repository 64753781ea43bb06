package io.scalekv.roles;

import io.scalekv.profile.LayerStatistic;
import java.util.Locale;

/** End of a statistic that marks the drafters. */
public enum Orientation {
  /** Low values are drafters, as with the attention selectivity index. */
  LOWEST,
  /** High values are drafters, as with entropy. */
  HIGHEST;

  /** Returns the end of a statistic that marks drafters. */
  public static Orientation of(LayerStatistic statistic) {
    return statistic.highMeansRefiner() ? LOWEST : HIGHEST;
  }

  /** Returns the word used in files: {@code lowest} or {@code highest}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
