package io.scalekv.train;

import ai.djl.ndarray.NDArray;
import io.scalekv.io.Require;
import io.scalekv.model.CheckpointNames;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.Precision;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.Weights;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Training run of a transformer.
 *
 * @param batches numbers of scales and images of the steps
 * @param decaySteps updates of the decay at the end
 * @param learningRate peak
 * @param averaging decay of the weights' moving average
 * @param bf16 whether the blocks' products round their factors to bfloat16
 * @param device of weights and activations
 * @param folder where checkpoint, curve and weights go
 * @param checkpointEvery time between checkpoints
 * @param startFrom averaged weights to start from, or null
 */
public record TransformerRun(
    ScaleBatches batches,
    int decaySteps,
    double learningRate,
    double averaging,
    boolean bf16,
    ComputeDevice device,
    Path folder,
    Duration checkpointEvery,
    Weights startFrom) {
  private static final String NAME = "transformer";

  /** Checks the range. */
  public TransformerRun {
    Require.atLeast("decaySteps", decaySteps, 0);
  }

  /** Returns the loss curve in the folder of a run. */
  static Path curve(Path folder) {
    return TrainingLoop.Options.curve(folder, NAME);
  }

  Precision precision() {
    return bf16 ? Precision.MIXED : Precision.FP32;
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
    TrainingLoop.Options loop =
        TrainingLoop.Options.named(
            folder,
            NAME,
            batches.steps(),
            batches.seed(),
            new LearningRate(learningRate, 100, decaySteps, 0.02),
            new AdamW.Options(0.9, 0.97, 0.02, 2, averaging),
            checkpointEvery,
            20);
    new TrainingLoop(loop, weights)
        .run(
            objective,
            report -> log.accept(NAME + " " + report),
            (average, at) ->
                SafetensorsWriter.write(
                    folder.resolve(CheckpointNames.TRANSFORMER),
                    published.apply(average.arrays()),
                    StoredType.F32,
                    batches.metadata(at)));
  }
}
