package io.scalekv.cli;

import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.ModelChoice;
import io.scalekv.experiment.Models;
import io.scalekv.experiment.ShippedCalibrations;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.roles.RolesDocument;
import java.nio.file.Path;
import java.util.Optional;

/** The models that experiments name, found as on the command line. */
final class ExperimentModels implements Models {
  @Override
  public ModelConfig config(ModelChoice choice) {
    return ModelFactory.config(option(choice, true));
  }

  @Override
  public ModelSource source(ModelChoice choice) {
    return ModelFactory.source(option(choice, false));
  }

  @Override
  public ImageModel open(ModelChoice choice, String dtype) {
    return ImageModel.open(config(choice), source(choice), dtype.equals("bf16"));
  }

  /** The same choice with its folders found from where a file is. */
  static ModelChoice near(ModelChoice choice, Path file) {
    boolean named = ModelOption.NAMES.contains(choice.name());
    String weights = choice.weights();
    return new ModelChoice(
        named ? choice.name() : ExperimentSpec.resolve(choice.name(), file).toString(),
        weights == null ? null : ExperimentSpec.resolve(weights, file).toString(),
        choice.randomWeights());
  }

  /** The calibration that comes with a model, if its weights do. */
  static Optional<RolesDocument> shipped(ModelChoice choice, ModelConfig config) {
    return option(choice, true).shipped() ? ShippedCalibrations.of(config) : Optional.empty();
  }

  private static ModelOption option(ModelChoice choice, boolean shapeOnly) {
    Path weights = choice.weights() == null ? null : Path.of(choice.weights());
    ModelOption option = ModelOption.of(choice.name(), weights, choice.randomWeights(), shapeOnly);
    option.check();
    return option;
  }
}
