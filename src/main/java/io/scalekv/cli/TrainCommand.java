package io.scalekv.cli;

import io.scalekv.train.Recipe;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Group of the trainers. */
@Command(
    name = "train",
    description = "Trains a model on this machine; interrupted, the same command resumes.",
    footer = {"  ./scalekv train pocket", "  ./scalekv train vocabtrim --steps 100"})
final class TrainCommand {
  /** Returns the group with one trainer a model. */
  static CommandLine create() {
    CommandLine group = new CommandLine(new TrainCommand());
    for (Recipe recipe : Recipe.ALL) {
      CommandLine command = new CommandLine(new TrainPocketCommand(recipe));
      command.setDefaultValueProvider(TrainPocketCommand.defaults(recipe));
      group.addSubcommand(recipe.model(), command);
    }
    return group.addSubcommand(new TrainVocabTrimCommand());
  }
}
