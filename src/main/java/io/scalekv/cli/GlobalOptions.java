package io.scalekv.cli;

import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** Options of every command that computes: threads, number format, seed, silence. */
final class GlobalOptions implements CheckedOptions {
  private static final int MOST_THREADS = 1024;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of one tensor operation (default: all cores).")
  private Integer threads;

  @Option(
      names = "--dtype",
      paramLabel = "fp32|bf16",
      defaultValue = "fp32",
      description = "Number format of weights and cache (default: ${DEFAULT-VALUE}).")
  private String dtype = "fp32";

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of all random numbers, 0 to 2147483647 (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = {"-q", "--quiet"},
      description = "No progress on stderr.")
  private boolean quiet;

  /** Threads of one tensor operation, if the user set them. */
  OptionalInt threads() {
    return threads == null ? OptionalInt.empty() : OptionalInt.of(threads);
  }

  /** {@code fp32} or {@code bf16}. */
  String dtype() {
    return dtype;
  }

  /** Whether weights and cache are to be bf16. */
  boolean bf16() {
    return dtype.equals("bf16");
  }

  /** The seed, 0 to 2147483647. */
  int seed() {
    return (int) seed;
  }

  /** Whether progress is to be left out. */
  boolean quiet() {
    return quiet;
  }

  /** Hands the thread count to the engine, which reads it once, when it starts. */
  void setEngineThreads() {
    if (threads != null) {
      System.setProperty("ai.djl.pytorch.num_threads", threads.toString());
      System.setProperty("ai.djl.pytorch.num_interop_threads", threads.toString());
    }
  }

  @Override
  public void check() {
    if (threads != null) {
      Check.range("--threads", threads, 1, MOST_THREADS);
    }
    Check.oneOf("--dtype", dtype, "fp32", "bf16");
    Check.range("--seed", seed, 0, Integer.MAX_VALUE);
  }
}
