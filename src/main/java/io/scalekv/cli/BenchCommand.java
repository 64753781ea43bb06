package io.scalekv.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measurements of time and memory. */
@Command(
    name = "bench",
    description = "Measure time and memory of whole generations.",
    subcommands = {BenchSpeedCommand.class, BenchGrowthCommand.class, BenchSoakCommand.class})
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "what to measure: speed, growth or soak expected, got nothing");
  }
}
