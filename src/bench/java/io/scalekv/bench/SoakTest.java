package io.scalekv.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Slopes of known curves. */
final class SoakTest {
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
