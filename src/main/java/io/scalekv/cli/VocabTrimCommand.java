package io.scalekv.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Trims the output head of a drafter and measures what that is worth. */
@Command(
    name = "vocabtrim",
    description = "Calibrate, trim and measure the vocabulary of a drafter.",
    subcommands = {
      VocabTrimRunCommand.class,
      VocabTrimTrimCommand.class,
      VocabTrimExportCommand.class
    })
final class VocabTrimCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "what to do: run, trim or export expected, got nothing");
  }
}
