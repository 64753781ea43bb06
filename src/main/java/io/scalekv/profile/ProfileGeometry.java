package io.scalekv.profile;

import io.scalekv.cache.ScaleSchedule;

/**
 * The shape of the model that is profiled.
 *
 * @param layers self-attention layers
 * @param heads heads H of each layer
 * @param schedule the K token maps
 */
public record ProfileGeometry(int layers, int heads, ScaleSchedule schedule) {
  /** Checks that nothing is empty. */
  public ProfileGeometry {
    if (layers < 1 || heads < 1) {
      throw new IllegalArgumentException(
          "profile geometry: at least 1 layer and 1 head expected, got "
              + layers
              + " layers and "
              + heads
              + " heads");
    }
    if (schedule == null) {
      throw new IllegalArgumentException("profile geometry: a schedule expected, got null");
    }
  }

  /** Number of scales K. */
  public int scales() {
    return schedule.scales();
  }
}
