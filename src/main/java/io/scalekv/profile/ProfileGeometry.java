package io.scalekv.profile;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;

/**
 * Shape of the attention that is measured.
 *
 * @param layers self-attention layers L
 * @param heads heads H of each layer
 * @param schedule the K token maps
 */
public record ProfileGeometry(int layers, int heads, ScaleSchedule schedule) {
  /** Checks the counts. */
  public ProfileGeometry {
    Require.atLeast("layers", layers, 1);
    Require.atLeast("heads", heads, 1);
    Require.that(schedule != null, "missing schedule");
  }

  /** Returns the number of scales K. */
  public int scales() {
    return schedule.scales();
  }
}
