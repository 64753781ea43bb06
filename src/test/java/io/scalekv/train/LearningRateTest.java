package io.scalekv.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LearningRateTest {
  private static final LearningRate RATE = new LearningRate(2, 10, 40, 0.1);

  @ParameterizedTest
  @CsvSource({"1,0.2", "5,1", "10,2", "11,2", "60,2", "80,1.1", "100,0.2"})
  void riseConstantCosine(int step, double expected) {
    assertEquals(expected, RATE.at(step, 100), 1e-12);
  }

  @Test
  void neverRisesInTheDecay() {
    for (int step = 61; step <= 100; step++) {
      assertTrue(RATE.at(step, 100) < RATE.at(step - 1, 100), "step " + step);
    }
  }

  @Test
  void withoutWarmupOrDecayItIsConstant() {
    LearningRate constant = new LearningRate(3, 0, 0, 0);
    assertEquals(3, constant.at(1, 5));
    assertEquals(3, constant.at(5, 5));
  }

  @Test
  void aRunShorterThanTheWarmupStillRises() {
    LearningRate rate = new LearningRate(1, 100, 4, 0.5);
    assertEquals(0.01, rate.at(1, 4), 1e-12);
    assertEquals(0.04, rate.at(4, 4), 1e-12);
  }
}
