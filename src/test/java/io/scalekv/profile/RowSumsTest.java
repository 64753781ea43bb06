package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

class RowSumsTest {
  @Test
  void sumsOfAnyPartAgreeWithPlainLoops() {
    Random random = new Random(3);
    float[] x = new float[60];
    for (int i = 0; i < x.length; i++) {
      x[i] = random.nextFloat() - 0.5f;
    }
    float[] weights = new float[25];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = random.nextFloat();
    }
    for (int from = 0; from <= 20; from++) {
      for (int to = from; to <= 25; to++) {
        double sum = 0;
        double dot = 0;
        double difference = 0;
        for (int j = from; j < to; j++) {
          sum += x[j];
          dot += x[7 + j] * (double) weights[j];
          difference += Math.abs(x[j] - (double) x[30 + j]);
        }
        String where = from + " to " + to;
        assertEquals(sum, RowSums.sum(x, from, to), 1e-12, where);
        assertEquals(dot, RowSums.dot(x, 7, weights, from, to), 1e-6, where);
        assertEquals(difference, RowSums.difference(x, from, 30 + from, to - from), 1e-6, where);
      }
    }
  }

  @Test
  void addsAPartOfARow() {
    float[] target = {1, 2, 3};
    RowSums.add(target, new float[] {9, 10, 20, 30}, 1, 2);
    assertArrayEquals(new float[] {11, 22, 3}, target);
  }
}
