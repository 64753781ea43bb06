package io.scalekv.model;

import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Json;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.LoadListener;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Configuration of a model: shape, token maps and text, without weights. Each model family
 * implements it; {@link ModelCatalog} finds it by name or in a folder.
 */
public interface ModelConfig {
  /** Returns the name as results state it. */
  String name();

  /** Returns the model family. */
  ModelFamily family();

  /** Returns the sampling that the authors' script uses. */
  Sampling sampling();

  /** Returns the shape of the self-attention. */
  Geometry geometry();

  /** Returns the bits of a token's code. */
  int tokenBits();

  /**
   * Returns the token maps of an image.
   *
   * @param size one of {@link Schedules#SIZES}, or empty for the model's own
   * @param aspect height / width
   */
  ScaleSchedule schedule(Optional<String> size, double aspect);

  /**
   * Returns the map to which rotary positions of keys are normalised; empty for keys without
   * rotation.
   */
  Optional<TokenMap> rotaryReference(double aspect);

  /** Returns height and width in pixels of an image of a schedule. */
  int[] pixels(ScaleSchedule schedule);

  /** Returns the number of classes that prompts name; 0 for a model that reads texts. */
  default int classes() {
    return 0;
  }

  /**
   * Returns evenly spaced classes, at most all of them.
   *
   * @param phase place in each interval, 0 to below 1
   */
  default List<String> someClasses(int count, double phase) {
    int most = Math.min(count, classes());
    return IntStream.range(0, most)
        .mapToObj(i -> Integer.toString((int) ((i + phase) * classes() / most)))
        .toList();
  }

  /** Returns the caption of what a prompt asks for: the prompt itself unless it names a class. */
  default String caption(String prompt) {
    return prompt;
  }

  /** Returns whether captions are of the closed scene language. */
  boolean drawsScenes();

  /** Returns the width of the embeddings of a text encoder, or 0 for a model without one. */
  int encodedTextWidth();

  /**
   * Checks that the model can read a prompt.
   *
   * @throws IllegalArgumentException with the words that it cannot read
   */
  void checkPrompt(String text);

  /**
   * Returns the operations of the linear layers of the blocks and the head for one scale, two for
   * each multiply-add.
   *
   * @param rows batch rows, twice the images under guidance
   */
  double linearOperations(int rows, int tokens);

  /**
   * Returns the native memory of a generation.
   *
   * @param cache most bytes of the cache, of one image with all guidance branches
   * @param guided whether there are two guidance branches
   */
  MemoryNeed memoryNeed(ScaleSchedule schedule, long cache, boolean guided, LoadOptions options);

  /** Returns the names of the weight files. */
  CheckpointNames files();

  /** Returns whether the weights are published by others, not made by this project. */
  default boolean published() {
    return files().origin() != null;
  }

  /** Returns the names and shapes of the transformer's weights. */
  ExpectedWeights transformerWeights();

  /** Returns the names and shapes of the tokenizer's weights. */
  ExpectedWeights tokenizerWeights();

  /** Returns a model of another shape, for random weights; its name states the shape. */
  ModelConfig withGeometry(Geometry geometry);

  /** Returns this configuration as the text of a {@code config.json}. */
  default String json() {
    return Json.pretty(this) + "\n";
  }

  /**
   * Loads a model after checking every name, shape and type of its weights.
   *
   * @param listener receives the progress of reading
   * @throws io.scalekv.weights.WeightsFileException if a file is missing or damaged, or a weight is
   *     missing or has another shape
   */
  ImageModel open(ModelSource source, LoadOptions options, LoadListener listener);

  /** Returns {@link ImageModel#weightHash()} of a source without loading it. */
  default String weightHash(ModelSource source) {
    return source instanceof ModelSource.Random random
        ? random.weights().hash()
        : CheckpointFolder.of(this, source).hash(LoadListener.NONE);
  }

  /** Returns {@link ImageModel#tokenizerHash()} of a source without loading it. */
  default String tokenizerHash(ModelSource source) {
    return source instanceof ModelSource.Random random
        ? random.weights().hash()
        : CheckpointFolder.of(this, source).tokenizerHash();
  }
}
