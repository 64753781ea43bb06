package io.scalekv.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.tensor.TorchOps;
import java.util.Arrays;
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

/**
 * Attention of the last map of one layer of Infinity-2B at 1024 px, one batch row: heads x queries
 * x keys x head width. With the full cache a head reads 6425 tokens of history and the 4096 of the
 * map itself; cut to 10 %, a refiner of ScaleKV reads 200 of history and a drafter nearly all.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1)
@Measurement(iterations = 5)
@Fork(1)
public class AttentionBenchmark {
  /** Heads x queries x keys x head width. */
  @Param({"16x4096x10521x128", "16x4096x4296x128"})
  public String shape = "16x4096x10521x128";

  /** Number format of queries, keys and values. */
  @Param({"fp32", "bf16"})
  public String dtype = "fp32";

  private NDManager manager;
  private NDArray query;
  private NDArray keys;
  private NDArray values;
  private NDArray raggedKeys;
  private NDArray raggedValues;
  private NDArray counts;

  /** Random queries, keys and values. */
  @Setup
  public void setUp() {
    int[] n = Arrays.stream(shape.split("x")).mapToInt(Integer::parseInt).toArray();
    manager = NDManager.newBaseManager("PyTorch");
    query = normal(new Shape(1, n[0], n[1], n[3]));
    keys = normal(new Shape(1, n[0], n[2], n[3]));
    values = normal(new Shape(1, n[0], n[2], n[3]));
    long[] lengths = lengths(n[0], n[1], n[2]);
    counts = NativeCopy.of(manager, lengths, new Shape(n[0]));
    long all = Arrays.stream(lengths).sum();
    raggedKeys = normal(new Shape(1, all, n[3]));
    raggedValues = normal(new Shape(1, all, n[3]));
  }

  /**
   * Tokens of each head whose mean is that of the keys: histories from an eighth to 15 eighths of
   * the mean history, in steps, as policies with budgets of heads leave them.
   */
  static long[] lengths(int heads, int queries, int keys) {
    int history = keys - queries;
    long[] lengths = new long[heads];
    for (int h = 0; h < heads; h++) {
      double share = heads == 1 ? 1 : 0.125 + 1.75 * h / (heads - 1);
      lengths[h] = queries + Math.round(history * share);
    }
    return lengths;
  }

  private NDArray normal(Shape shape) {
    NDArray x = manager.randomNormal(0, 0.3f, shape, DataType.FLOAT32);
    if (dtype.equals("fp32")) {
      return x;
    }
    NDArray half = TorchOps.call("to_bf16", x);
    x.close();
    return half;
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    manager.close();
  }

  /** All heads hold equally many tokens: one call. */
  @Benchmark
  public long even() {
    return closed(TorchOps.call("sdpa_unit", query, keys, values));
  }

  /** Every head holds another number, as many on the mean: one call a head. */
  @Benchmark
  public long ragged() {
    return closed(TorchOps.call("sdpa_ragged", query, raggedKeys, raggedValues, counts));
  }

  private static long closed(NDArray out) {
    try (out) {
      return out.size();
    }
  }
}
