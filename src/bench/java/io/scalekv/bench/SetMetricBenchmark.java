package io.scalekv.bench;

import io.scalekv.metrics.Frechet;
import io.scalekv.metrics.Kid;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Distances of two sets of features: images x features, 2048 as Inception has them. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
@Fork(1)
public class SetMetricBenchmark {
  /** Images x features. */
  @Param({"256x512", "256x2048"})
  public String sets = "256x512";

  private double[][] a;
  private double[][] b;

  /** Normal numbers with some correlation between neighbours. */
  @Setup
  public void setUp() {
    int x = sets.indexOf('x');
    int n = Integer.parseInt(sets.substring(0, x));
    int d = Integer.parseInt(sets.substring(x + 1));
    Random random = new Random(1);
    a = normal(n, d, 0, random);
    b = normal(n, d, 0.1, random);
  }

  private static double[][] normal(int n, int d, double mean, Random random) {
    double[][] rows = new double[n][d];
    for (double[] row : rows) {
      double before = 0;
      for (int i = 0; i < d; i++) {
        before = 0.5 * before + random.nextGaussian();
        row[i] = mean + before;
      }
    }
    return rows;
  }

  /** Fréchet distance. */
  @Benchmark
  public double frechet() {
    return Frechet.of(a, b);
  }

  /** Kernel distance. */
  @Benchmark
  public double kid() {
    return Kid.of(a, b);
  }
}
