package io.scalekv.profile;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;

/**
 * Distances between tokens of any maps on the image, whose sides are 1: Euclidean between the
 * centres ((row + ½)/height, (column + ½)/width).
 */
final class GridDistance {
  /** Centre of every key of maps 0..k, in cache order: down and across. */
  private final float[] down;

  private final float[] across;
  private final int history;

  private GridDistance(float[] down, float[] across, int history) {
    this.down = down;
    this.across = across;
    this.history = history;
  }

  /** Returns the geometry for queries of map {@code scale} and the keys of all maps up to it. */
  static GridDistance of(ScaleSchedule schedule, int scale) {
    int keys = schedule.tokensBefore(scale + 1);
    float[] down = new float[keys];
    float[] across = new float[keys];
    int i = 0;
    for (int k = 0; k <= scale; k++) {
      TokenMap map = schedule.map(k);
      for (int row = 0; row < map.height(); row++) {
        for (int column = 0; column < map.width(); column++) {
          down[i] = (row + 0.5f) / map.height();
          across[i++] = (column + 0.5f) / map.width();
        }
      }
    }
    return new GridDistance(down, across, schedule.tokensBefore(scale));
  }

  /**
   * Writes the distances of query {@code position} of the map to all T keys, from {@code offset}.
   */
  void row(int position, float[] target, int offset) {
    float y = down[history + position];
    float x = across[history + position];
    for (int j = 0; j < down.length; j++) {
      float dy = down[j] - y;
      float dx = across[j] - x;
      target[offset + j] = (float) Math.sqrt(dy * dy + dx * dx);
    }
  }
}
