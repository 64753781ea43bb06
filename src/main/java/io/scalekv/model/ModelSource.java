package io.scalekv.model;

import java.nio.file.Path;

/** Where a model's weights come from. */
public sealed interface ModelSource {
  /** The weights that come with the project, by the model's name; all share one tokenizer. */
  record Shipped() implements ModelSource {}

  /**
   * A folder with {@code transformer.safetensors} and {@code vae.safetensors}, or with published
   * checkpoints under their usual names; see {@link CheckpointFolder}.
   *
   * @param folder the folder
   */
  record Folder(Path folder) implements ModelSource {}

  /**
   * Random weights, for geometry and speed.
   *
   * @param seed of the weights
   * @param textTokens random text tokens that stand for every prompt of a model with a text
   *     encoder; 0 for one a word and one for its end
   */
  record Random(long seed, int textTokens) implements ModelSource {
    /** Texts as long as the prompts. */
    public Random(long seed) {
      this(seed, 0);
    }
  }
}
