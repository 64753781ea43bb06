package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class RankCorrelationTest {
  @Test
  void spearman() {
    double[] x = {1, 2, 3, 4};
    assertEquals(1, RankCorrelation.spearman(x, new double[] {0, 1, 100, 1e9}), 1e-15);
    assertEquals(-1, RankCorrelation.spearman(x, new double[] {4, 3, 2, -1e9}), 1e-15);
    assertTrue(Double.isNaN(RankCorrelation.spearman(x, new double[4])));
    assertThrows(IllegalArgumentException.class, () -> RankCorrelation.spearman(x, new double[3]));
    assertThrows(
        IllegalArgumentException.class,
        () -> RankCorrelation.spearman(new double[1], new double[1]));
    double[] undefined = {1, Double.NaN};
    assertThrows(
        IllegalArgumentException.class, () -> RankCorrelation.spearman(undefined, new double[2]));
    assertThrows(
        IllegalArgumentException.class, () -> RankCorrelation.spearman(new double[2], undefined));
    assertEquals(-1, RankCorrelation.spearman(new double[] {1, 2}, new double[] {2, 1}), 1e-15);
  }
}
