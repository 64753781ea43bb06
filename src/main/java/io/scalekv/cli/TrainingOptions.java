package io.scalekv.cli;

import java.time.Duration;
import picocli.CommandLine.Option;

/** Options of every trainer: number format, seed and checkpoints. */
final class TrainingOptions {
  @Option(
      names = "--dtype",
      paramLabel = "fp32|bf16",
      defaultValue = "fp32",
      description = "Number format of the blocks' products (default: ${DEFAULT-VALUE}).")
  private ModelOptions.Dtype dtype;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      converter = Choice.NotNegative.class,
      description = "Seed of data, noise and initial weights (default: ${DEFAULT-VALUE}).")
  private Integer seed;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "SECONDS",
      defaultValue = "60",
      converter = Choice.NotNegative.class,
      description = "Time between checkpoints (default: ${DEFAULT-VALUE}).")
  private Integer checkpointEvery;

  boolean bf16() {
    return dtype == ModelOptions.Dtype.BF16;
  }

  int seed() {
    return seed;
  }

  Duration checkpointEvery() {
    return Duration.ofSeconds(checkpointEvery);
  }
}
