package io.scalekv.experiment.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Exponents and slopes of known curves. */
final class GrowthFitTest {
  @Test
  void aPowerLawIsFound() {
    double[] x = {1, 2, 4, 8};
    double[] y = {3, 12, 48, 192};
    PowerLaw p = PowerLaw.fit(x, y);
    assertEquals(2, p.exponent(), 1e-12);
    assertEquals(3, p.factor(), 1e-12);
    assertEquals(2, p.low(), 1e-6);
    assertEquals(2, p.high(), 1e-6);
    assertEquals(4, p.points());
    assertEquals(3 * 25.0, p.at(5), 1e-9);
  }

  @Test
  void theIntervalIsThatOfStudent() {
    // slope 1.1 with residuals that leave s = sqrt(0.0045), sum of squares of x 5, t(2) = 4.30265
    double[] logX = {0, 1, 2, 3};
    double[] logY = {0.1, 1.0, 2.3, 3.3};
    PowerLaw p = PowerLaw.fit(exp(logX), exp(logY));
    double slope = (1.5 * (3.3 - 0.1) + 0.5 * (2.3 - 1.0)) / 5;
    double intercept = (0.1 + 1.0 + 2.3 + 3.3) / 4 - 1.5 * slope;
    double squares =
        IntStream.range(0, 4)
            .mapToDouble(i -> Math.pow(logY[i] - intercept - slope * logX[i], 2))
            .sum();
    double half = 4.302652729911275 * Math.sqrt(squares / 2 / 5);
    assertEquals(slope, p.exponent(), 1e-12);
    assertEquals(slope - half, p.low(), 1e-9);
    assertEquals(slope + half, p.high(), 1e-9);
  }

  private static double[] exp(double[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> Math.exp(values[i])).toArray();
  }

  @Test
  void twoPointsHaveNoInterval() {
    PowerLaw p = PowerLaw.fit(new double[] {1, 2, 3}, new double[] {1, 8, 0});
    assertEquals(3, p.exponent(), 1e-12);
    assertTrue(Double.isNaN(p.low()) && Double.isNaN(p.high()));
    double[] one = {2, 2};
    assertThrows(IllegalArgumentException.class, () -> PowerLaw.fit(one, one));
  }

  @Test
  void aLeakShowsAndARampAtTheBeginningDoesNot() {
    Random random = new Random(1);
    double[] x = IntStream.rangeClosed(1, 100).mapToDouble(i -> 10.0 * i).toArray();
    double[] flat = new double[100];
    double[] leak = new double[100];
    for (int i = 0; i < 100; i++) {
      double noise = 0.1 * random.nextGaussian();
      flat[i] = 300 + noise - 200 * Math.exp(-x[i] / 10);
      leak[i] = flat[i] + x[i] / 1024;
    }
    Soak.Slope still = Soak.slope(x, flat);
    Soak.Slope grows = Soak.slope(x, leak);
    assertEquals(90, still.samples());
    assertTrue(still.low() < 0.1 && still.high() > -0.1, still.toString());
    assertTrue(grows.low() < 1 && grows.high() > 1 && grows.low() > 0.8, grows.toString());
    assertTrue(Double.isNaN(Soak.slope(new double[] {1, 2}, new double[] {1, 2}).kibPerImage()));
  }
}
