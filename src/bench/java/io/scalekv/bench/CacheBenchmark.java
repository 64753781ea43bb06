package io.scalekv.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.AttentionInputs;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.Schedules;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
 * Writing and reading the cache of one layer, two batch rows (guidance), 12 heads of width 64: the
 * last map but one is stored behind all before it, whole or cut to a tenth of the history; the last
 * map reads them.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CacheBenchmark {
  /** How keys and values are stored. */
  @Param({"fp32", "bf16", "int8"})
  public String type = "fp32";

  /** Size of the image: 0.25M is 512 px; pocket are the maps of the model of that name. */
  @Param({"0.25M", "pocket"})
  public String size = "0.25M";

  private final int rows = 2;
  private final int heads = 12;
  private final int width = 64;
  private ScaleSchedule schedule;
  private NDManager manager;
  private NDArray[] keys;
  private NDArray[] values;
  private KvCache full;
  private KvCache filling;
  private RetainedTokens tenth;

  /** The maps of a size. */
  static ScaleSchedule schedule(String size) {
    return size.equals("pocket")
        ? ModelCatalog.config("pocket").schedule(Optional.empty(), 1)
        : Schedules.of(1, size);
  }

  /** Random keys and values of every map, and a cache that holds all but the last. */
  @Setup
  public void setUp() {
    schedule = schedule(size);
    manager = NDManager.newBaseManager("PyTorch");
    keys = new NDArray[schedule.scales()];
    values = new NDArray[schedule.scales()];
    for (int k = 0; k < keys.length; k++) {
      Shape shape = new Shape(rows, heads, schedule.tokens(k), width);
      keys[k] = manager.randomNormal(0, 1, shape, DataType.FLOAT32);
      values[k] = manager.randomNormal(0, 1, shape, DataType.FLOAT32);
    }
    full = filled(schedule.scales() - 1);
    int held = schedule.historyTokens();
    int stay = Math.max(1, held / 10);
    int[] some = IntStream.range(0, stay).map(i -> (int) ((long) i * held / stay)).toArray();
    tenth = RetainedTokens.alike(Stream.generate(() -> some).limit(heads).toArray(int[][]::new));
  }

  private KvCache filled(int maps) {
    CacheType stored = CacheType.parse(type);
    KvCache cache = new KvCache(manager, schedule, stored, stored, 0);
    for (int k = 0; k < maps; k++) {
      try (NDManager scope = manager.newSubManager()) {
        cache.storeAll(cache.read(scope, keys[k], values[k]));
      }
    }
    return cache;
  }

  /** A cache that waits for the last map but one. */
  @Setup(Level.Invocation)
  public void fill() {
    filling = filled(schedule.scales() - 2);
  }

  /** Frees that cache. */
  @TearDown(Level.Invocation)
  public void drop() {
    filling.close();
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    full.close();
    manager.close();
  }

  /** The last map reads all history as float32, its own tokens behind it. */
  @Benchmark
  public long read() {
    int last = schedule.scales() - 1;
    try (NDManager scope = manager.newSubManager()) {
      return full.read(scope, keys[last], values[last]).tokens(0);
    }
  }

  /** The last map but one reads its history and is stored whole behind it. */
  @Benchmark
  public long readAndKeepAll() {
    int map = schedule.scales() - 2;
    try (NDManager scope = manager.newSubManager()) {
      AttentionInputs held = filling.read(scope, keys[map], values[map]);
      filling.storeAll(held);
      return filling.liveBytes();
    }
  }

  /** The same, cut to a tenth. */
  @Benchmark
  public long readAndCut() {
    int map = schedule.scales() - 2;
    try (NDManager scope = manager.newSubManager()) {
      AttentionInputs held = filling.read(scope, keys[map], values[map]);
      filling.store(held, tenth);
      return filling.liveBytes();
    }
  }
}
