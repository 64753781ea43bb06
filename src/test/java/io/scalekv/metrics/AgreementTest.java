package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class AgreementTest {
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

  @Test
  void bitsPerMap() {
    List<float[]> full = List.of(new float[] {0, 1, 1, 0}, new float[] {1, 0});
    List<float[]> policy = List.of(new float[] {0, 1, 0, 0}, new float[] {1, 0});
    assertArrayEquals(new double[] {0.75, 1}, BitAgreement.perMap(full, policy));
    // -1 and 1 are the same bits
    assertEquals(0.75, BitAgreement.share(new float[] {-1, 1, 1, -1}, new float[] {0, 1, 0, 0}));
    boolean[] truths = {true, false, true, false};
    assertEquals(0.75, BitAgreement.share(truths, new boolean[] {true, false, false, false}));
    assertThrows(
        IllegalArgumentException.class,
        () -> BitAgreement.perMap(full, List.of(new float[4], new float[1])));
    assertThrows(
        IllegalArgumentException.class, () -> BitAgreement.perMap(full, policy.subList(0, 1)));
    float[] undefined = {0, Float.NaN};
    assertThrows(IllegalArgumentException.class, () -> BitAgreement.share(undefined, new float[2]));
    assertThrows(IllegalArgumentException.class, () -> BitAgreement.share(new float[2], undefined));
    String none = "bit agreement: at least 1 bit expected, got none";
    assertThrows(
        IllegalArgumentException.class, () -> BitAgreement.share(new float[0], new float[0]));
    assertThrows(
        IllegalArgumentException.class, () -> BitAgreement.share(new boolean[0], new boolean[0]));
  }
}
