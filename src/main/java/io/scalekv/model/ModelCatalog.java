package io.scalekv.model;

import io.scalekv.io.Json;
import io.scalekv.model.infinity.InfinityModelConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Catalogue of the models known by name. A new model is one entry of its family's list, a new
 * family one list here.
 */
public final class ModelCatalog {
  /** Name of a configuration in a model folder. */
  public static final String CONFIG = "config.json";

  private static final List<ModelConfig> MODELS = List.copyOf(InfinityModelConfig.known());

  private ModelCatalog() {}

  /** Returns all models in the order in which they are listed. */
  public static List<ModelConfig> models() {
    return MODELS;
  }

  /** Returns the models whose weights come with the project. */
  public static List<ModelConfig> shipped() {
    return MODELS.stream().filter(c -> ships(c.name())).toList();
  }

  /** Returns the names in the order in which they are listed. */
  public static List<String> names() {
    return MODELS.stream().map(ModelConfig::name).toList();
  }

  /** Returns the model of a name. */
  public static Optional<ModelConfig> find(String name) {
    Predicate<ModelConfig> named = c -> c.name().equals(name);
    return MODELS.stream().filter(named).findFirst();
  }

  /**
   * Returns the model of a name.
   *
   * @throws IllegalArgumentException if the name is unknown
   */
  public static ModelConfig config(String name) {
    return find(name)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "model must be one of " + String.join(", ", names()) + ", got " + name));
  }

  /** Returns whether the weights of a model come with the project. */
  public static boolean ships(String name) {
    return ModelCatalog.class.getResource(name + "/" + CheckpointNames.TRANSFORMER) != null;
  }

  /**
   * Reads the {@code config.json} of a model folder.
   *
   * @throws IllegalArgumentException with file and place if it is not a configuration
   */
  public static ModelConfig read(Path file) {
    try {
      return InfinityModelConfig.parse(Json.text(file), file.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": " + e.getMessage(), e);
    }
  }
}
