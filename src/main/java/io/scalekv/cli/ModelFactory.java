package io.scalekv.cli;

import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** From the options of a command to a model in memory. */
final class ModelFactory {
  private ModelFactory() {}

  /** Returns the configuration that the options name. */
  static ModelConfig config(ModelOption option) {
    return option.choice().config();
  }

  /** Returns the origin of the weights. */
  static ModelSource source(ModelOption option) {
    return option.choice().source();
  }

  /** Returns how the model is loaded. */
  static LoadOptions options(GlobalOptions global, GenerationOptions generation, boolean images) {
    return new LoadOptions(global.bf16(), images, generation.device());
  }

  /**
   * Loads the model.
   *
   * @param texts prompts to draw
   * @param images whether images are drawn, for which the tokenizer is needed
   * @param err receives the progress
   */
  static ImageModel open(
      ModelOption option,
      GlobalOptions global,
      GenerationOptions generation,
      List<String> texts,
      boolean images,
      PrintWriter err) {
    List<String> all = new ArrayList<>(texts);
    if (!generation.negative().isEmpty()) {
      all.add(generation.negative());
    }
    LoadOptions options =
        options(global, generation, images).withTexts(all, generation.textEmbeddings());
    try (LoadProgress progress = new LoadProgress(global.quiet(), err)) {
      return option.choice().open(options, progress);
    }
  }
}
