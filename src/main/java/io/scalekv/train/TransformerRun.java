package io.scalekv.train;

import ai.djl.ndarray.NDArray;
import io.scalekv.model.CheckpointNames;
import io.scalekv.model.Precision;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.Weights;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Training run of a transformer.
 *
 * @param batches numbers of scales and images of the steps
 * @param options of the training
 * @param startFrom averaged weights to start from, or null
 */
public record TransformerRun(
    ScaleBatches batches, PocketTraining.Options options, Weights startFrom) {
  private static final String NAME = "transformer";

  /** Returns the loss curve in the folder of a run. */
  static Path curve(Path folder) {
    return TrainingLoop.Options.curve(folder, NAME);
  }

  Precision precision() {
    return options.recipe().bf16() ? Precision.MIXED : Precision.FP32;
  }

  /**
   * Trains, or resumes from the checkpoint in the folder, and writes the averaged weights (float32)
   * there.
   *
   * @param published from the averaged weights to those of the file
   */
  void train(
      Weights weights,
      TrainingLoop.Objective objective,
      Consumer<String> log,
      UnaryOperator<Map<String, NDArray>> published) {
    Recipe recipe = options.recipe();
    TrainingLoop.Options loop =
        new TrainingLoop.Options(
            options.folder(),
            NAME,
            batches.steps(),
            batches.seed(),
            new LearningRate(recipe.learningRate(), 100, recipe.decaySteps(), 0.02),
            new AdamW.Options(0.9, 0.97, 0.02, 2, recipe.averaging()),
            options.checkpointEvery(),
            20);
    new TrainingLoop(loop, weights)
        .run(
            objective,
            report -> log.accept(NAME + " " + report),
            (average, at) ->
                SafetensorsWriter.write(
                    options.folder().resolve(CheckpointNames.TRANSFORMER),
                    published.apply(average.arrays()),
                    StoredType.F32,
                    batches.metadata(at)));
  }
}
