package io.scalekv.cli;

import io.scalekv.model.ModelConfig;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.infinity.InfinityModelConfig;
import io.scalekv.model.vae.VaeConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A small model with random weights and the beginning of an experiment on it. */
final class TinyExperiment {
  private TinyExperiment() {}

  /** Writes the model's configuration and prompts. */
  static void writeModel(Path folder) throws IOException {
    ModelConfig config =
        new InfinityModelConfig(
            InfinityModelConfig.FORMAT,
            "tiny",
            new InfinityConfig(2, 16, 2, 32, 4, false, 128, 17, 1),
            new VaeConfig(4, 4, 4, List.of(1, 1, 1), 1, 1, 2),
            List.of(1, 2, 4, 8),
            8,
            null,
            InfinityModelConfig.WORDS);
    Path model = Files.createDirectories(folder.resolve("model"));
    Files.writeString(model.resolve("config.json"), config.json());
    Files.copy(Path.of("calibration-prompts", "scenes-10.txt"), folder.resolve("prompts.txt"));
  }

  /** Name, model, prompts and batches of 2. */
  static String head(int prompts) {
    return """
    name: tiny
    model: {name: model, randomWeights: 3}
    prompts: {file: prompts.txt, limit: %d}
    batch: 2
    """
        .formatted(prompts);
  }
}
