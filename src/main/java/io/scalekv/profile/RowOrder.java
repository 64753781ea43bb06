package io.scalekv.profile;

import java.util.Arrays;

/** Order statistics of softmax rows. Holds its buffers; one instance per thread. */
final class RowOrder {
  /** Lower bits that order floats in [0, 1]. */
  private static final int SORTED_BITS = 30;

  /** Number of values up to which a pass less costs more buckets than it saves. */
  private static final int FEW_VALUES = 4096;

  private static final int FEW_BITS = 8;
  private static final int BITS = 10;

  private float[] heap = new float[0];
  private int[] keys = new int[0];
  private int[] sorted = new int[0];
  private final int[] starts = new int[1 << BITS];

  /**
   * Returns the sum of the {@code k} largest of {@code n} values from {@code at}; a min-heap holds
   * them.
   */
  double topSum(float[] values, int at, int n, int k) {
    if (heap.length < k) {
      heap = new float[k];
    }
    System.arraycopy(values, at, heap, 0, k);
    for (int i = k / 2 - 1; i >= 0; i--) {
      sink(i, k);
    }
    float least = heap[0];
    for (int j = at + k; j < at + n; j++) {
      if (values[j] > least) {
        heap[0] = values[j];
        sink(0, k);
        least = heap[0];
      }
    }
    double sum = 0;
    for (int i = 0; i < k; i++) {
      sum += heap[i];
    }
    return sum;
  }

  private void sink(int start, int k) {
    int i = start;
    float v = heap[i];
    while (2 * i + 1 < k) {
      int child = 2 * i + 1;
      if (child + 1 < k && heap[child + 1] < heap[child]) {
        child++;
      }
      if (v <= heap[child]) {
        break;
      }
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = v;
  }

  /**
   * Gini coefficient Σ_i (2i − n − 1) x_(i) / (n Σ x) of {@code n} values from {@code at}, in [0,
   * 1], by radix sort.
   */
  double gini(float[] values, int at, int n) {
    if (keys.length < n) {
      keys = new int[n];
      sorted = new int[n];
    }
    for (int i = 0; i < n; i++) {
      keys[i] = Float.floatToRawIntBits(values[at + i]);
    }
    int bits = n <= FEW_VALUES ? FEW_BITS : BITS;
    for (int shift = 0; shift < SORTED_BITS; shift += bits) {
      radixPass(n, shift, bits);
    }
    double weighted = 0;
    double total = 0;
    for (int i = 0; i < n; i++) {
      double x = Float.intBitsToFloat(keys[i]);
      weighted += (2.0 * i + 1 - n) * x;
      total += x;
    }
    return weighted / (n * total);
  }

  private void radixPass(int n, int shift, int bits) {
    int buckets = 1 << bits;
    Arrays.fill(starts, 0, buckets, 0);
    for (int i = 0; i < n; i++) {
      starts[(keys[i] >>> shift) & (buckets - 1)]++;
    }
    int start = 0;
    for (int b = 0; b < buckets; b++) {
      int count = starts[b];
      starts[b] = start;
      start += count;
    }
    for (int i = 0; i < n; i++) {
      sorted[starts[(keys[i] >>> shift) & (buckets - 1)]++] = keys[i];
    }
    int[] swap = keys;
    keys = sorted;
    sorted = swap;
  }
}
