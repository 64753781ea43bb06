package io.scalekv.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.commons.statistics.descriptive.Quantile;
import org.junit.jupiter.api.Test;

final class BootstrapTest {
  private static final double INF = Double.POSITIVE_INFINITY;

  private static double[] normal(int n, double mean, long seed) {
    return Arrays.stream(FeatureFixtures.normal(n, 1, mean, seed)).mapToDouble(r -> r[0]).toArray();
  }

  /** 95 % of 500 intervals of 40 normal values hold the true mean, but for sampling error. */
  @Test
  void coversTheTrueMean() {
    Bootstrap bootstrap = new Bootstrap(500, 1);
    int covered = 0;
    for (long seed = 0; seed < 500; seed++) {
      Interval i = bootstrap.mean(normal(40, 3, seed));
      assertTrue(i.low() < i.mean() && i.mean() < i.high());
      covered += holds(i, 3) ? 1 : 0;
    }
    assertTrue(covered >= 450 && covered <= 490, covered + " of 500");
  }

  /** The ends lie where the normal approximation puts them. */
  @Test
  void endsOfALargeSample() {
    double[] x = normal(400, -2, 17);
    Interval i = new Bootstrap(10_000, 4).mean(x);
    double mean = Arrays.stream(x).average().orElseThrow();
    double deviation =
        Math.sqrt(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow());
    assertEquals(mean, i.mean(), 1e-12);
    assertEquals(mean - 1.96 * deviation / 20, i.low(), 0.1 * deviation / 20);
    assertEquals(mean + 1.96 * deviation / 20, i.high(), 0.1 * deviation / 20);
    assertEquals(400, i.n());
  }

  @Test
  void resamplesPromptsWithAllTheirImages() {
    double[] x = normal(20, 0, 6);
    double[][] twice = new double[20][];
    Arrays.setAll(twice, p -> new double[] {x[p], x[p]});
    Bootstrap b = Bootstrap.withSeed(9);
    Interval once = b.mean(x);
    Interval doubled = b.mean(twice);
    assertEquals(once.low(), doubled.low(), 1e-12);
    assertEquals(once.high(), doubled.high(), 1e-12);
    assertEquals(40, doubled.n());
  }

  @Test
  void pairedDifference() {
    double[] a = normal(30, 10, 7);
    double[] b = new double[30];
    double[] noise = normal(30, 0.5, 8);
    Arrays.setAll(b, i -> a[i] - 0.1 * noise[i]);
    Bootstrap bootstrap = Bootstrap.withSeed(1);
    Interval d = bootstrap.difference(a, b);
    assertTrue(d.low() > 0 && d.high() - d.low() < 0.1, d.toString());
    assertFalse(holds(d, 0));
    Interval back = bootstrap.difference(b, a);
    assertEquals(-d.mean(), back.mean(), 1e-12);
    assertEquals(-d.low(), back.high(), 1e-3);
    Interval same = bootstrap.difference(a, a);
    assertEquals(new Interval(0, 0, 0, 30, 0), same);
  }

  @Test
  void infiniteValuesAreCountedAndLeftOut() {
    Bootstrap b = Bootstrap.withSeed(3);
    Interval finite = b.mean(1, 4, 2, 8);
    Interval with = b.mean(1, INF, 4, 2, INF, 8);
    assertEquals(new Interval(3.75, finite.low(), finite.high(), 4, 2), with);
    Interval d = b.difference(new double[] {INF, 5, INF, 7}, new double[] {INF, 4, 3, 5});
    assertEquals(1.5, d.mean());
    assertEquals(2, d.n());
    assertEquals(2, d.infinite());
  }

  @Test
  void noIntervalForOnePrompt() {
    Interval one = Bootstrap.withSeed(3).mean(new double[][] {{2, 4}, {INF}});
    assertEquals(new Interval(3, Double.NaN, Double.NaN, 2, 1), one);
    assertFalse(holds(one, 3));
    Interval none = Bootstrap.withSeed(3).mean();
    assertEquals(new Interval(Double.NaN, Double.NaN, Double.NaN, 0, 0), none);
  }

  @Test
  void seedsDecide() {
    double[] x = normal(15, 0, 2);
    assertEquals(Bootstrap.withSeed(5).mean(x), Bootstrap.withSeed(5).mean(x));
    assertNotEquals(Bootstrap.withSeed(5).mean(x), Bootstrap.withSeed(6).mean(x));
  }

  @Test
  void invalidInputsAreRefused() {
    Bootstrap b = Bootstrap.withSeed(0);
    assertThrows(IllegalArgumentException.class, () -> b.mean(1, Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> new Bootstrap(99, 0));
    assertThrows(IllegalArgumentException.class, () -> b.mean(-INF));
    assertThrows(
        IllegalArgumentException.class,
        () -> b.difference(new double[] {Double.NaN}, new double[] {INF}));
    assertThrows(IllegalArgumentException.class, () -> b.difference(new double[1], new double[2]));
    assertThrows(
        IllegalArgumentException.class,
        () -> b.difference(new double[][] {{1}, {2}}, new double[][] {{1}, {2, 3}}));
  }

  /** A pair counts as infinite whichever side is. */
  @Test
  void eitherSideOfAPairMayBeInfinite() {
    Bootstrap b = Bootstrap.withSeed(3);
    double[] x = {1, 2, INF, 9};
    double[] y = {INF, 0, 1, 4};
    assertEquals(3.5, b.difference(x, y).mean());
    assertEquals(-3.5, b.difference(y, x).mean());
    assertEquals(2, b.difference(y, x).infinite());
  }

  /** Ends from the stated draws. */
  @Test
  void endsOfTheSameDraws() {
    double[][] x = {{1, 2}, {9}, {0, 0, 3}, {-4, 5}, {30}, {2}, {2, INF, 7}};
    Interval got = new Bootstrap(300, 12).mean(x);
    SplittableRandom random = new SplittableRandom(12);
    double[] means = new double[300];
    for (int r = 0; r < means.length; r++) {
      int[] drawn = new int[x.length];
      Arrays.setAll(drawn, i -> random.nextInt(x.length));
      means[r] = meanOf(x, drawn);
    }
    int[] all = IntStream.range(0, x.length).toArray();
    double mean = meanOf(x, all);
    double[] ends = Quantile.withDefaults().evaluate(means, 0.025, 0.975);
    assertEquals(mean, got.mean(), 1e-12);
    assertEquals(ends[0], got.low(), 1e-9);
    assertEquals(ends[1], got.high(), 1e-9);
    assertEquals(12, got.n());
    assertEquals(1, got.infinite());
  }

  private static double meanOf(double[][] x, int[] prompts) {
    return Arrays.stream(prompts)
        .mapToObj(p -> x[p])
        .flatMapToDouble(Arrays::stream)
        .filter(Double::isFinite)
        .average()
        .orElseThrow();
  }

  @Test
  void fewPromptsHaveNoInterval() {
    Bootstrap b = Bootstrap.withSeed(1);
    double none = Double.NaN;
    assertEquals(new Interval(none, none, none, 0, 0), b.mean());
    assertEquals(new Interval(none, none, none, 0, 2), b.mean(INF, INF));
    assertEquals(new Interval(3, none, none, 2, 1), b.mean(new double[][] {{2, 4}, {INF}}));
    Interval two = b.mean(2, 4);
    assertEquals(new Interval(3, 2, 4, 2, 0), two);
    assertTrue(holds(two, 2) && holds(two, 4));
    assertFalse(holds(two, 1.99) || holds(two, 4.01));
    assertFalse(holds(b.mean(2), 2));
  }

  @Test
  void theUsualBootstrap() {
    assertEquals(new Bootstrap(10_000, 6), Bootstrap.withSeed(6));
  }

  @Test
  void ratiosAreResampledByPromptAndPaired() {
    Bootstrap bootstrap = new Bootstrap(2000, 1);
    double[] tokens = {10, 20, 30, 40};
    Interval same = bootstrap.ratio(tokens, new double[] {5, 10, 15, 20});
    assertEquals(2, same.mean(), 1e-12);
    assertEquals(2, same.low(), 1e-12);
    double[] calls = {6, 9, 18, 16};
    Interval tau = bootstrap.ratio(tokens, calls);
    assertEquals(100.0 / 49, tau.mean(), 1e-12);
    assertTrue(tau.low() < tau.mean() && tau.mean() < tau.high());
    Interval zero = bootstrap.ratioDifference(tokens, calls, calls, 1, 1);
    assertEquals(0, zero.low(), 1e-12);
    assertEquals(0, zero.high(), 1e-12);
    assertTrue(Double.isNaN(bootstrap.ratio(new double[] {1}, new double[] {1}).low()));
  }

  /** A mean is the ratio of sums to numbers of images, resampled alike. */
  @Test
  void aMeanIsARatio() {
    Bootstrap bootstrap = new Bootstrap(500, 3);
    Interval mean = bootstrap.mean(1, 4, 2, 8);
    Interval ratio = bootstrap.ratio(new double[] {1, 4, 2, 8}, new double[] {1, 1, 1, 1});
    assertEquals(mean, ratio);
  }

  private static boolean holds(Interval i, double value) {
    return i.low() <= value && value <= i.high();
  }
}
