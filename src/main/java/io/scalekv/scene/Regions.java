package io.scalekv.scene;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Sets of pixels of a square image, as boolean masks and as lists of pixel numbers. */
final class Regions {
  private Regions() {}

  /**
   * Returns the 4-connected regions of a mask with at least {@code least} pixels, in scanning
   * order.
   */
  static List<int[]> connected(boolean[] mask, int side, int least) {
    boolean[] seen = new boolean[mask.length];
    int[] queue = new int[mask.length];
    List<int[]> regions = new ArrayList<>();
    for (int start = 0; start < mask.length; start++) {
      if (!mask[start] || seen[start]) {
        continue;
      }
      // Breadth first; in the end the queue is the region.
      int size = 0;
      int read = 0;
      queue[size++] = start;
      seen[start] = true;
      while (read < size) {
        int i = queue[read++];
        int x = i % side;
        int[] neighbours = {
          x > 0 ? i - 1 : -1, x < side - 1 ? i + 1 : -1, i - side, i + side,
        };
        for (int j : neighbours) {
          if (j >= 0 && j < mask.length && mask[j] && !seen[j]) {
            seen[j] = true;
            queue[size++] = j;
          }
        }
      }
      if (size >= least) {
        regions.add(Arrays.copyOf(queue, size));
      }
    }
    return regions;
  }

  static boolean[] mask(int[] pixels, int length) {
    boolean[] mask = new boolean[length];
    for (int i : pixels) {
      mask[i] = true;
    }
    return mask;
  }

  /**
   * Returns the pixels of a region whose eight neighbours belong to it too; beyond the frame counts
   * as inside.
   */
  static int[] strictInterior(int[] pixels, int side) {
    boolean[] mask = mask(pixels, side * side);
    int[] inner = new int[pixels.length];
    int size = 0;
    for (int i : pixels) {
      if (surrounded(mask, i % side, i / side, side)) {
        inner[size++] = i;
      }
    }
    return Arrays.copyOf(inner, size);
  }

  /** Returns the strict interior, or the whole region if that keeps fewer than an eighth of it. */
  static int[] interior(int[] pixels, int side) {
    int[] inner = strictInterior(pixels, side);
    return 8 * inner.length < pixels.length ? pixels : inner;
  }

  private static boolean surrounded(boolean[] mask, int x, int y, int side) {
    for (int v = Math.max(0, y - 1); v <= Math.min(side - 1, y + 1); v++) {
      for (int u = Math.max(0, x - 1); u <= Math.min(side - 1, x + 1); u++) {
        if (!mask[v * side + u]) {
          return false;
        }
      }
    }
    return true;
  }
}
