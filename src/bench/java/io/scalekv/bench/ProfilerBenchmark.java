package io.scalekv.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionSite;
import io.scalekv.profile.AttentionProfiler;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.ProfileOptions;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the attention statistics behind ASI cost for one pair of layer and scale, both guidance
 * branches of one prompt, 12 heads of width 64.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ProfilerBenchmark {
  /**
   * Rows that are looked at: {@link ProfileOptions#light()} or {@link ProfileOptions#defaults()}.
   */
  @Param({"light", "defaults"})
  public String options = "light";

  /** Size of the image, as in {@link CacheBenchmark#size}. */
  @Param({"0.25M", "pocket"})
  public String size = "0.25M";

  /** The map from the end: 0 is the last. */
  @Param({"0", "2"})
  public int fromLast;

  private final int heads = 12;
  private final int width = 64;
  private ScaleSchedule schedule;
  private NDManager manager;
  private NDArray query;
  private NDArray keys;
  private AttentionSite site;
  private AttentionProfiler profiler;

  /** Random queries and keys; they are their own values. */
  @Setup
  public void setUp() {
    schedule = CacheBenchmark.schedule(size);
    int scale = schedule.scales() - 1 - fromLast;
    manager = NDManager.newBaseManager("PyTorch");
    query = normal(schedule.tokens(scale));
    keys = normal(schedule.tokensBefore(scale + 1));
    site = new AttentionSite(0, scale, schedule, 1, 1);
  }

  private NDArray normal(int tokens) {
    return manager.randomNormal(0, 0.5f, new Shape(2, heads, tokens, width), DataType.FLOAT32);
  }

  /** A profiler sees every pair once. */
  @Setup(Level.Invocation)
  public void fresh() {
    ProfileOptions o = options.equals("light") ? ProfileOptions.light() : ProfileOptions.defaults();
    profiler = AttentionProfiler.create(new ProfileGeometry(1, heads, schedule), o, 0);
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    manager.close();
  }

  /** One call of the tap. */
  @Benchmark
  public AttentionProfiler attend() {
    profiler.attend(site, query, keys, keys);
    return profiler;
  }
}
