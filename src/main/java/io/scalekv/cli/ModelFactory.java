package io.scalekv.cli;

import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import java.nio.file.Path;

/** From the options of a command to a model in memory. */
final class ModelFactory {
  private ModelFactory() {}

  /** The configuration that {@code --model} names. */
  static ModelConfig config(ModelOption option) {
    return switch (option.model()) {
      case "pocket" -> ModelConfig.pocket();
      case "infinity-2b" -> ModelConfig.infinity2b();
      case "infinity-8b" -> ModelConfig.infinity8b();
      default -> ModelConfig.read(Path.of(option.model(), "config.json"));
    };
  }

  /** Where its weights come from. */
  static ModelSource source(ModelOption option) {
    ModelConfig config = config(option);
    ModelSource source;
    if (option.randomWeights().isPresent()) {
      source = new ModelSource.Random(option.randomWeights().getAsLong());
    } else if (option.weights().isPresent()) {
      source = new ModelSource.Folder(option.weights().get());
    } else if (option.folder().isPresent()) {
      source = new ModelSource.Folder(option.folder().get());
    } else {
      source = new ModelSource.Shipped();
    }
    if (config.text().equals(ModelConfig.T5) && !(source instanceof ModelSource.Random)) {
      throw new IllegalArgumentException(
          "--model "
              + option.model()
              + ": its text encoder (flan-t5-xl) cannot be read by this version;"
              + " --random-weights SEED runs its geometry");
    }
    return source;
  }

  /** Loads the model. */
  static ImageModel open(ModelOption option, GlobalOptions global, GenerationOptions generation) {
    ModelSource source = source(option);
    if (generation.device().equals("cuda") && !ImageModel.hasGpu()) {
      throw new IllegalArgumentException(
          "--device cuda: a CUDA build of libtorch and a GPU expected, got neither");
    }
    return ImageModel.open(config(option), source, global.bf16());
  }
}
