package io.scalekv.bench;

import com.sun.management.ThreadMXBean;
import io.scalekv.model.ImageModel;
import io.scalekv.model.Prompt;
import io.scalekv.tensor.NativeHeap;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.function.Consumer;
import org.apache.commons.math3.stat.regression.SimpleRegression;

/**
 * Many images in one process, one batch after the other, and what the process holds meanwhile: what
 * leaks shows as a slope.
 */
public final class Soak {
  /**
   * The process after so many images.
   *
   * @param images drawn so far
   * @param seconds since the first began
   * @param rssMiB resident set, or null where the system does not tell
   * @param nativeMiB bytes of the C heap in use, or null likewise
   * @param javaMiB Java heap in use, garbage included
   * @param allocatedMiB what the drawing thread allocated on the Java heap for one image, on the
   *     mean since the sample before
   */
  public record Sample(
      int images,
      double seconds,
      Double rssMiB,
      Double nativeMiB,
      double javaMiB,
      double allocatedMiB) {}

  /**
   * Growth of a quantity by images, by ordinary least squares. Neighbouring samples resemble each
   * other, so that the interval is rather too narrow.
   *
   * @param kibPerImage slope
   * @param low lower end of its 95 % interval
   * @param high upper end
   * @param samples how many
   */
  public record Slope(double kibPerImage, double low, double high, int samples) {}

  private static final double MIB = 1 << 20;
  private static final double KIB_PER_MIB = 1024;
  private static final double OUTSIDE = 0.05;

  private Soak() {}

  /**
   * Draws.
   *
   * @param images how many in all; a multiple of the plan's batch
   * @param every images between samples; a multiple of the batch too
   * @param seed of captions and bits; every image has its own
   * @param sample told every sample as it is taken
   */
  public static void run(
      ImageModel model,
      SpeedBench.Plan plan,
      int images,
      int every,
      long seed,
      Consumer<Sample> sample) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    List<Prompt> prompts = SpeedBench.prompts(model.config(), images, seed);
    long begun = System.nanoTime();
    long allocated = threads.getCurrentThreadAllocatedBytes();
    for (int done = plan.batch(); done <= images; done += plan.batch()) {
      SpeedBench.draw(model, plan, prompts.subList(done - plan.batch(), done));
      if (done % every == 0) {
        double seconds = (System.nanoTime() - begun) / 1e9;
        long now = threads.getCurrentThreadAllocatedBytes();
        Runtime java = Runtime.getRuntime();
        Long rss = ResidentSet.kib();
        Long used = NativeHeap.usedBytes();
        sample.accept(
            new Sample(
                done,
                seconds,
                rss == null ? null : rss / KIB_PER_MIB,
                used == null ? null : used / MIB,
                (java.totalMemory() - java.freeMemory()) / MIB,
                (now - allocated) / MIB / every));
        allocated = threads.getCurrentThreadAllocatedBytes();
      }
    }
  }

  /**
   * The slope after the first tenth of the images, while caches and heaps fill.
   *
   * @param x images
   * @param mib of each
   * @return NaN where fewer than three samples are left
   */
  public static Slope slope(double[] x, double[] mib) {
    SimpleRegression line = new SimpleRegression();
    double from = x.length == 0 ? 0 : x[x.length - 1] / 10;
    for (int i = 0; i < x.length; i++) {
      if (x[i] > from && !Double.isNaN(mib[i])) {
        line.addData(x[i], KIB_PER_MIB * mib[i]);
      }
    }
    int n = (int) line.getN();
    if (n < 3) {
      return new Slope(Double.NaN, Double.NaN, Double.NaN, n);
    }
    double half = line.getSlopeConfidenceInterval(OUTSIDE);
    return new Slope(line.getSlope(), line.getSlope() - half, line.getSlope() + half, n);
  }
}
