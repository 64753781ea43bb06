package io.scalekv.cli;

import io.scalekv.model.CheckpointFolder;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.model.text.T5Text;
import io.scalekv.model.text.TextFeatureStore;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** From the options of a command to a model in memory. */
final class ModelFactory {
  private ModelFactory() {}

  /** The configuration that {@code --model} names. */
  static ModelConfig config(ModelOption option) {
    return option
        .geometry()
        .of(
            switch (option.model()) {
              case "pocket" -> ModelConfig.pocket();
              case "pocket-l" -> ModelConfig.pocketL();
              case "infinity-2b" -> ModelConfig.infinity2b();
              case "infinity-8b" -> ModelConfig.infinity8b();
              default -> ModelConfig.read(Path.of(option.model(), "config.json"));
            });
  }

  /** Where its weights come from. */
  static ModelSource source(ModelOption option) {
    if (option.randomWeights().isPresent()) {
      return new ModelSource.Random(
          option.randomWeights().getAsLong(), option.geometry().textTokens());
    }
    return option
        .weights()
        .or(option::folder)
        .<ModelSource>map(ModelSource.Folder::new)
        .orElseGet(ModelSource.Shipped::new);
  }

  /** How the model is to be loaded. */
  static LoadOptions options(GlobalOptions global, GenerationOptions generation, boolean images) {
    return new LoadOptions(global.bf16(), images, generation.device());
  }

  /**
   * Loads the model. The texts are encoded before the transformer is loaded, so that the two never
   * share the memory.
   *
   * @param texts prompts that will be drawn; others are encoded when they come
   * @param images whether images will be drawn, for which the tokenizer is needed
   * @param err where progress is shown
   */
  static ImageModel open(
      ModelOption option,
      GlobalOptions global,
      GenerationOptions generation,
      List<String> texts,
      boolean images,
      PrintWriter err) {
    ModelConfig config = config(option);
    ModelSource source = source(option);
    generation.device().check();
    boolean encodes = config.text().equals(ModelConfig.T5) && source instanceof ModelSource.Folder;
    if (generation.textFeatures().isPresent() && !encodes) {
      throw new IllegalArgumentException(
          "--text-features: a model with real weights and a text encoder expected, got --model "
              + option.model());
    }
    int width = config.transformer().textWidth();
    TextFeatureStore store =
        generation
            .textFeatures()
            .map(file -> TextFeatureStore.open(file, width))
            .orElseGet(() -> TextFeatureStore.inMemory(width));
    try (LoadProgress progress = new LoadProgress(global.quiet(), err)) {
      if (encodes && source instanceof ModelSource.Folder given) {
        List<String> wanted = new ArrayList<>(texts);
        if (!generation.negative().isEmpty()) {
          wanted.add(generation.negative());
        }
        List<String> missing = store.missing(wanted);
        CheckpointFolder files = CheckpointFolder.find(given.folder(), config, !missing.isEmpty());
        files.check(config);
        T5Text.addMissing(store, files.text(), width, missing, progress);
      }
      LoadOptions options = options(global, generation, images);
      return ImageModel.open(config, source, options, store, progress);
    }
  }
}
