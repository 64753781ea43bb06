package io.scalekv.profile;

/** Sums over parts of float rows, in double; four at a time, so that additions do not wait. */
final class RowSums {
  private RowSums() {}

  /** Returns the sum of the values from {@code from} to before {@code to}. */
  static double sum(float[] values, int from, int to) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int i = from;
    for (; i < to - 3; i += 4) {
      a += values[i];
      b += values[i + 1];
      c += values[i + 2];
      d += values[i + 3];
    }
    for (; i < to; i++) {
      a += values[i];
    }
    return (a + b) + (c + d);
  }

  /**
   * Returns the sum over j of values[at + j] · weights[j], j from {@code from} to before {@code
   * to}.
   */
  static double dot(float[] values, int at, float[] weights, int from, int to) {
    double a = 0;
    double b = 0;
    int j = from;
    for (; j < to - 1; j += 2) {
      a += (double) values[at + j] * weights[j];
      b += (double) values[at + j + 1] * weights[j + 1];
    }
    if (j < to) {
      a += (double) values[at + j] * weights[j];
    }
    return a + b;
  }

  /** Returns the sum over n values of |values[x + j] − values[y + j]|. */
  static double difference(float[] values, int x, int y, int n) {
    double a = 0;
    double b = 0;
    int j = 0;
    for (; j < n - 1; j += 2) {
      a += Math.abs(values[x + j] - values[y + j]);
      b += Math.abs(values[x + j + 1] - values[y + j + 1]);
    }
    if (j < n) {
      a += Math.abs(values[x + j] - values[y + j]);
    }
    return a + b;
  }

  /** Adds n values from {@code at} to those of {@code target}. */
  static void add(float[] target, float[] values, int at, int n) {
    for (int j = 0; j < n; j++) {
      target[j] += values[at + j];
    }
  }
}
