package io.scalekv.model.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.tensor.NativeCopy;

/**
 * Two-dimensional rotary embedding whose positions are normalised to one reference map, so that a
 * place in the image has the same angle at every scale (Infinity, arXiv 2412.04431, section 3.4).
 * The first half of the head width turns with the row, the second half with the column; the grid
 * index of row i is round-half-even(float32(i) · float32(reference rows / map rows)).
 */
public final class RotaryTable {
  private static final double BASE = 10000;

  private RotaryTable() {}

  /**
   * Returns cosine and sine of every token of a schedule.
   *
   * @param manager owner of the result
   * @param schedule the token maps
   * @param reference the last map of the size family whose positions the model was trained with
   * @param headWidth D, divisible by 4
   * @return [T_K, D/2, 2], cosine then sine on the last axis
   */
  public static NDArray of(
      NDManager manager, ScaleSchedule schedule, TokenMap reference, int headWidth) {
    int half = headWidth / 2;
    int quarter = headWidth / 4;
    float[] frequency = new float[quarter];
    for (int i = 0; i < quarter; i++) {
      frequency[i] = 1f / (float) Math.pow(BASE, (float) (2 * i) / half);
    }
    float[] table = new float[schedule.totalTokens() * half * 2];
    int at = 0;
    for (TokenMap map : schedule.maps()) {
      for (int row = 0; row < map.height(); row++) {
        int y = gridIndex(row, map.height(), reference.height());
        for (int column = 0; column < map.width(); column++) {
          int x = gridIndex(column, map.width(), reference.width());
          at = angles(table, at, frequency, y);
          at = angles(table, at, frequency, x);
        }
      }
    }
    return NativeCopy.of(manager, table, new Shape(schedule.totalTokens(), half, 2));
  }

  private static int angles(float[] table, int at, float[] frequency, int position) {
    int i = at;
    for (float f : frequency) {
      float angle = position * f;
      table[i++] = (float) Math.cos(angle);
      table[i++] = (float) Math.sin(angle);
    }
    return i;
  }

  /** Returns row or column {@code i} of a side of {@code tokens}, on a reference side. */
  static int gridIndex(int i, int tokens, int reference) {
    float ratio = (float) ((double) reference / tokens);
    return (int) Math.rint((float) i * ratio);
  }
}
