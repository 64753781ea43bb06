package io.scalekv.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * Entry point of the benchmarks: {@code jmh}, {@code speed}, {@code soak}, {@code compare} or
 * {@code score}.
 */
@Command(
    name = "bench",
    subcommands = {
      JmhCommand.class,
      SpeedCommand.class,
      SoakCommand.class,
      CompareCommand.class,
      ScoreSpeedCommand.class
    },
    description =
        "Benchmarks of hot paths (jmh), whole generations (speed), growth (soak), generations"
            + " beside PyTorch (compare) and scored folders (score).")
final class Bench {
  private Bench() {}

  /**
   * Runs one benchmark command and ends the process with its exit code.
   *
   * @param args command and options
   */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Bench()).execute(args));
  }
}
