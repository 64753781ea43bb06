package io.scalekv.train;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.Weights;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Training run of an image tokenizer.
 *
 * @param schedule token maps; the last one is the latent's size
 * @param batch images an update
 * @param learningRate peak
 * @param options of the training
 * @param result file of the averaged weights
 */
public record TokenizerRun(
    ScaleSchedule schedule,
    int batch,
    double learningRate,
    PocketTraining.Options options,
    Path result) {
  /** Returns the updates. */
  int steps() {
    return options.recipe().vaeSteps();
  }

  /** Returns the seed of data and first weights. */
  long seed() {
    return options.recipe().seed();
  }

  /** Returns the side of the images in pixels. */
  int side(int patch) {
    return schedule.last().height() * patch;
  }

  /**
   * Trains, or resumes from the checkpoint in the folder, and writes the averaged weights.
   *
   * @param facts more facts about the averaged weights for their file
   */
  void train(
      Weights weights,
      TrainingLoop.Objective objective,
      Consumer<String> log,
      Function<Weights, Map<String, String>> facts) {
    TrainingLoop.Options loop =
        new TrainingLoop.Options(
            options.folder(),
            "vae",
            steps(),
            seed(),
            new LearningRate(learningRate, 50, steps() / 3, 0.02),
            new AdamW.Options(0.9, 0.98, 0.01, 1, 0.995),
            options.checkpointEvery(),
            20);
    new TrainingLoop(loop, weights)
        .run(
            objective,
            report -> log.accept("vae " + report),
            (average, at) -> {
              Map<String, String> metadata = at.metadata(seed());
              metadata.put("images", String.valueOf((long) at.step() * batch));
              metadata.putAll(facts.apply(average));
              SafetensorsWriter.write(result, average.arrays(), StoredType.F32, metadata);
            });
  }
}
