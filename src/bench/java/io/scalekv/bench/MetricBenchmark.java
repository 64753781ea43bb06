package io.scalekv.bench;

import io.scalekv.image.RgbImage;
import io.scalekv.metrics.HaarPsi;
import io.scalekv.metrics.LpipsProxy;
import io.scalekv.metrics.MsSsim;
import io.scalekv.metrics.Psnr;
import io.scalekv.metrics.RandomFeatureNet;
import io.scalekv.metrics.Ssim;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Metrics of one pair of images. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class MetricBenchmark {
  /** Side of the images in pixels: pocket's, and that of size 0.25M. */
  @Param({"64", "512"})
  public int side = 64;

  private RgbImage a;
  private RgbImage b;
  private RandomFeatureNet net;

  /** A smooth image and the same with noise. */
  @Setup
  public void setUp() {
    Random random = new Random(1);
    byte[] first = new byte[3 * side * side];
    byte[] second = new byte[first.length];
    for (int i = 0; i < first.length; i++) {
      int x = i / 3 % side;
      int y = i / 3 / side;
      double v = 128 + 90 * Math.sin(6.0 * x / side + i % 3) * Math.cos(9.0 * y / side);
      first[i] = (byte) Math.round(v);
      second[i] = (byte) Math.round(v + 8 * random.nextGaussian());
    }
    a = RgbImage.of(side, side, first);
    b = RgbImage.of(side, side, second);
    net = RandomFeatureNet.ofThreeSeeds();
  }

  /** Frees the weights. */
  @TearDown
  public void tearDown() {
    net.close();
  }

  /** Peak signal-to-noise ratio. */
  @Benchmark
  public double psnr() {
    return Psnr.db(a, b);
  }

  /** SSIM. */
  @Benchmark
  public double ssim() {
    return Ssim.of(a, b);
  }

  /** MS-SSIM. */
  @Benchmark
  public double msSsim() {
    return MsSsim.of(a, b);
  }

  /** HaarPSI. */
  @Benchmark
  public double haarPsi() {
    return HaarPsi.of(a, b);
  }

  /** The LPIPS-proxy with the three random nets that tables use. */
  @Benchmark
  public double lpipsProxy() {
    return LpipsProxy.of(net, a, b);
  }
}
