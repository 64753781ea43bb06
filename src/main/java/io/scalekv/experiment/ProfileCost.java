package io.scalekv.experiment;

import io.scalekv.model.AttentionTap;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * What profiling adds to the generation that it watches: whole generations of one batch with and
 * without the profiler in turn, the same prompts and seeds in a pair, which of the two comes first
 * changing from pair to pair. Six pairs warm up and do not count.
 *
 * @param batch prompts of a generation
 * @param repeats counted pairs
 * @param plainSeconds wall time of a generation, median
 * @param profiledSeconds wall time of a profiled generation, median
 * @param wallRatio median over the pairs of profiled by plain wall time
 * @param plainCpuSeconds time on the processor of the thread that draws, median: all of it if
 *     tensor operations have one thread, without the compiler and the collector of Java
 * @param profiledCpuSeconds the same of a profiled generation
 * @param cpuRatio median over the pairs of profiled by plain processor time, the number that other
 *     work on the machine disturbs least
 */
public record ProfileCost(
    int batch,
    int repeats,
    double plainSeconds,
    double profiledSeconds,
    double wallRatio,
    double plainCpuSeconds,
    double profiledCpuSeconds,
    double cpuRatio) {
  private static final int WARM_UP = 6;

  /**
   * Measures.
   *
   * @param prompts drawn in turn, a batch at a time; at least one
   * @param repeats at least 1
   * @param onPair told the number of counted pairs done after each
   */
  public static ProfileCost measure(
      PromptProfiler profiler, List<String> prompts, int repeats, IntConsumer onPair) {
    Time[] plain = new Time[repeats];
    Time[] profiled = new Time[repeats];
    int batch = Math.min(profiler.batch(), prompts.size());
    int batches = prompts.size() / batch;
    for (int r = -WARM_UP; r < repeats; r++) {
      int from = Math.floorMod(r, batches) * batch;
      boolean plainFirst = Math.floorMod(r, 2) == 0;
      Time[] pair = new Time[2];
      for (int i = 0; i < 2; i++) {
        boolean watched = (i == 0) != plainFirst;
        List<AttentionTap> taps =
            watched ? List.of(profiler.profiler(from, from + batch)) : List.of();
        Time begin = Time.now();
        profiler.draw(prompts.subList(from, from + batch), taps);
        pair[watched ? 1 : 0] = Time.now().minus(begin);
      }
      if (r >= 0) {
        plain[r] = pair[0];
        profiled[r] = pair[1];
        onPair.accept(r + 1);
      }
    }
    double[] wall = new double[repeats];
    double[] cpu = new double[repeats];
    for (int r = 0; r < repeats; r++) {
      wall[r] = profiled[r].wall() / plain[r].wall();
      cpu[r] = profiled[r].cpu() / plain[r].cpu();
    }
    return new ProfileCost(
        batch,
        repeats,
        median(Arrays.stream(plain).mapToDouble(Time::wall).toArray()),
        median(Arrays.stream(profiled).mapToDouble(Time::wall).toArray()),
        median(wall),
        median(Arrays.stream(plain).mapToDouble(Time::cpu).toArray()),
        median(Arrays.stream(profiled).mapToDouble(Time::cpu).toArray()),
        median(cpu));
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    int n = values.length;
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
  }

  /** Seconds since some moment. */
  private record Time(double wall, double cpu) {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    static Time now() {
      return new Time(System.nanoTime() / 1e9, THREADS.getCurrentThreadCpuTime() / 1e9);
    }

    Time minus(Time earlier) {
      return new Time(wall - earlier.wall, cpu - earlier.cpu);
    }
  }
}
