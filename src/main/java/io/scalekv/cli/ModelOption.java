package io.scalekv.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model, and where its weights come from. */
final class ModelOption implements CheckedOptions {
  /** The models known by name; the pocket models come with the project. */
  static final List<String> NAMES = List.of("pocket", "pocket-l", "infinity-2b", "infinity-8b");

  @Option(
      names = "--model",
      paramLabel = "NAME|DIR",
      defaultValue = "pocket",
      description =
          "pocket, pocket-l, infinity-2b, infinity-8b or a folder with a config.json"
              + " (default: ${DEFAULT-VALUE}).")
  private String model = "pocket";

  @Option(
      names = "--weights",
      paramLabel = "DIR",
      description = "Folder with the checkpoint files; pocket needs none.")
  private Path weights;

  @Option(
      names = "--random-weights",
      paramLabel = "SEED",
      description = "Fill the model with random weights: geometry and speed, no images.")
  private Long randomWeights;

  @Mixin private GeometryOptions geometry = new GeometryOptions();

  private boolean shapeOnly;

  /** The same options where the model's shape is all that is needed: no weights are asked for. */
  static ModelOption shapeOnly() {
    ModelOption option = new ModelOption();
    option.shapeOnly = true;
    return option;
  }

  /**
   * The same options as if they had been typed.
   *
   * @param weights or null
   * @param randomWeights or null
   */
  static ModelOption of(String model, Path weights, Long randomWeights, boolean shapeOnly) {
    ModelOption option = new ModelOption();
    option.model = model;
    option.weights = weights;
    option.randomWeights = randomWeights;
    option.shapeOnly = shapeOnly;
    return option;
  }

  /** A name of {@link #NAMES}, or a folder. */
  String model() {
    return model;
  }

  /** Another shape than the model's, if asked for. */
  GeometryOptions geometry() {
    return geometry;
  }

  /** The model's folder, if it was not chosen by name. */
  Optional<Path> folder() {
    return NAMES.contains(model) ? Optional.empty() : Optional.of(Path.of(model));
  }

  /** Whether the weights are those that come with the project. */
  boolean shipped() {
    return folder().isEmpty() && weights == null && randomWeights == null;
  }

  /** The folder of checkpoint files, if given. */
  Optional<Path> weights() {
    return Optional.ofNullable(weights);
  }

  /** The seed of random weights, if asked for. */
  OptionalLong randomWeights() {
    return randomWeights == null ? OptionalLong.empty() : OptionalLong.of(randomWeights);
  }

  @Override
  public void check() {
    if (!NAMES.contains(model) && !Files.isRegularFile(Path.of(model, "config.json"))) {
      throw new IllegalArgumentException(
          "--model: %s or a folder with a config.json expected, got %s"
              .formatted(String.join(", ", NAMES), model));
    }
    if (weights != null && randomWeights != null) {
      throw new IllegalArgumentException(
          "--weights and --random-weights: one of the two expected, got both");
    }
    geometry.check();
    if (!geometry.isEmpty() && !shapeOnly && randomWeights == null) {
      throw new IllegalArgumentException(
          "--depth, --width, --heads, --text-tokens: --random-weights SEED expected beside them,"
              + " got none");
    }
    if (weights != null && !Files.isDirectory(weights)) {
      throw new IllegalArgumentException(
          "--weights: a folder expected, got %s, which %s"
              .formatted(weights, Files.exists(weights) ? "is a file" : "does not exist"));
    }
    if (!shapeOnly && model.startsWith("infinity-") && weights == null && randomWeights == null) {
      throw new IllegalArgumentException(
          "--model %s: --weights DIR (or --random-weights SEED) expected, got neither"
              .formatted(model));
    }
  }
}
