package io.scalekv.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Entry point of the benchmarks: {@code jmh}, {@code speed}, {@code soak} or {@code compare}. */
@Command(
    name = "bench",
    subcommands = {JmhCommand.class, SpeedCommand.class, SoakCommand.class, CompareCommand.class},
    description =
        "Benchmarks of hot paths (jmh), whole generations (speed), growth (soak) and generations"
            + " beside PyTorch (compare).")
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
