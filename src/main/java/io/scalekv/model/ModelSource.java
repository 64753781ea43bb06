package io.scalekv.model;

import java.nio.file.Path;

/** Origin of a model's weights. */
public sealed interface ModelSource {
  /** The weights that come with the project, by the model's name; all share one tokenizer. */
  record Shipped() implements ModelSource {}

  /**
   * A folder with weight files under one of the names of {@link ModelConfig#files()}.
   *
   * @param folder the folder
   */
  record Folder(Path folder) implements ModelSource {}

  /**
   * Random weights.
   *
   * @param weights seed and shape
   */
  record Random(RandomWeights weights) implements ModelSource {
    /** Returns random weights in the model's own shape. */
    public Random(long seed) {
      this(RandomWeights.of(seed));
    }
  }
}
