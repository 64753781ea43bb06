package io.scalekv.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The trainers. */
@Command(
    name = "train",
    description = "Train a model on this machine.",
    subcommands = {TrainPocketCommand.class, TrainVocabTrimCommand.class})
final class TrainCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "what to train: pocket or vocabtrim expected, got nothing");
  }
}
