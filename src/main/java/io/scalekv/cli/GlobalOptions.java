package io.scalekv.cli;

import java.util.OptionalInt;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of every command that computes: threads, number format, seed, silence. */
final class GlobalOptions implements CheckedOptions {
  @Mixin private EngineOptions engine = new EngineOptions();

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

  /** Threads of one tensor operation, if the user set them. */
  OptionalInt threads() {
    return engine.threads();
  }

  /** {@code fp32} or {@code bf16}. */
  String dtype() {
    return dtype;
  }

  /** Returns whether weights and cache are to be bf16. */
  boolean bf16() {
    return dtype.equals("bf16");
  }

  /** Returns the seed, 0 to 2147483647. */
  int seed() {
    return (int) seed;
  }

  /** Returns whether progress is to be left out. */
  boolean quiet() {
    return engine.quiet();
  }

  /** Hands the thread count to the engine, which reads it once, when it starts. */
  void setEngineThreads() {
    engine.setEngineThreads();
  }

  @Override
  public void check() {
    engine.check();
    Check.oneOf("--dtype", dtype, "fp32", "bf16");
    Check.range("--seed", seed, 0, Integer.MAX_VALUE);
  }
}
