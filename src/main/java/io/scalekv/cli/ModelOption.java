package io.scalekv.cli;

import io.scalekv.model.ModelChoice;
import io.scalekv.model.RandomWeights;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which model, and the origin of its weights. */
final class ModelOption implements CheckedOptions {
  @Option(
      names = "--model",
      paramLabel = "NAME|DIR",
      defaultValue = ModelChoice.DEFAULT,
      description =
          "A model of ./scalekv models, or a folder with a config.json (default:"
              + " ${DEFAULT-VALUE}).")
  private String model = ModelChoice.DEFAULT;

  @Option(
      names = "--weights",
      paramLabel = "DIR",
      description = "Folder with the weight files; pocket needs none.")
  private Path weights;

  @Option(
      names = "--random-weights",
      paramLabel = "SEED[,DEPTHxWIDTHxHEADS][,text=N]",
      description =
          "Fill the model with random weights, for geometry and speed, if given in another shape"
              + " and with N text tokens for every prompt.")
  private RandomWeights randomWeights;

  private boolean shapeOnly;

  /** Returns the options where only the model's shape is needed: weights are optional. */
  static ModelOption shapeOnly() {
    ModelOption option = new ModelOption();
    option.shapeOnly = true;
    return option;
  }

  /** Returns the choice that the options make. */
  ModelChoice choice() {
    return new ModelChoice(model, weights == null ? null : weights.toString(), randomWeights);
  }

  /** Returns the name or folder. */
  String model() {
    return model;
  }

  /** Returns whether the weights are those that come with the project. */
  boolean shipped() {
    return choice().shipped();
  }

  /** Returns the random weights, if asked for. */
  Optional<RandomWeights> randomWeights() {
    return Optional.ofNullable(randomWeights);
  }

  @Override
  public void check() {
    if (shapeOnly) {
      choice().checkConfig();
    } else {
      choice().check();
    }
  }
}
