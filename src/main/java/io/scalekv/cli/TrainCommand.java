package io.scalekv.cli;

import io.scalekv.train.Recipe;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.OptionSpec;

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
      command.setDefaultValueProvider(defaults(recipe));
      command.getCommandSpec().name(recipe.model());
      group.addSubcommand(recipe.model(), command);
    }
    return group.addSubcommand(new TrainVocabTrimCommand());
  }

  /** Returns the defaults of a recipe by the names of the options. */
  private static IDefaultValueProvider defaults(Recipe r) {
    Map<String, Object> values =
        Map.of(
            "--seed", r.seed(),
            "--vae-steps", r.vaeSteps(),
            "--steps", r.steps(),
            "--decay-steps", r.decaySteps(),
            "--learning-rate", r.learningRate(),
            "--tokens", r.tokens(),
            "--checkpoint-every", 180,
            "--dtype", r.bf16() ? "bf16" : "fp32");
    return arg ->
        arg instanceof OptionSpec option && values.containsKey(option.longestName())
            ? values.get(option.longestName()).toString()
            : arg.defaultValue();
  }
}
