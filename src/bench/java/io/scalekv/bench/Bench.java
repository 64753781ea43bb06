package io.scalekv.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Entry point of the benchmarks: {@code jmh}, {@code speed} or {@code soak}. */
@Command(
    name = "bench",
    subcommands = {JmhCommand.class, SpeedCommand.class, SoakCommand.class},
    description = "Benchmarks of hot paths (jmh), whole generations (speed) and growth (soak).")
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
