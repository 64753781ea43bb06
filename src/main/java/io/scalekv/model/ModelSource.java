package io.scalekv.model;

import io.scalekv.weights.HubCache;
import java.nio.file.Files;
import java.nio.file.Path;

/** Origin of a model's weights. */
public sealed interface ModelSource {
  /** The weights that come with the project, by the model's name; all share one tokenizer. */
  record Shipped() implements ModelSource {}

  /**
   * A folder with weight files under one of the names of {@link ModelConfig#files()}.
   *
   * @param folder the folder
   * @param stateDict keys of the transformer's state dict in a training file, joined by dots, or
   *     the last of them; null for the trained weights
   */
  record Folder(Path folder, String stateDict) implements ModelSource {
    /** Separates the folder from the state dict in a text. */
    private static final char SEPARATOR = '#';

    /** Returns a folder of trained weights. */
    public Folder(Path folder) {
      this(folder, null);
    }

    /** Parses {@code FOLDER} or {@code FOLDER#STATE_DICT}. */
    public static Folder parse(String text) {
      int at = text.lastIndexOf(SEPARATOR);
      return at < 0 || Files.exists(Path.of(text))
          ? new Folder(HubCache.resolve(Path.of(text)))
          : new Folder(HubCache.resolve(Path.of(text.substring(0, at))), text.substring(at + 1));
    }
  }

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
