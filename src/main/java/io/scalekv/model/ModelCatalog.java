package io.scalekv.model;

import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.model.infinity.InfinityModelConfig;
import io.scalekv.model.var.VarModelConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Catalogue of the models known by name. A new model is one entry of its family's list, a new
 * family one entry here.
 */
public final class ModelCatalog {
  /** Name of a configuration in a model folder. */
  public static final String CONFIG = "config.json";

  private static final List<ModelFamily> FAMILIES =
      List.of(InfinityModelConfig.FAMILY, VarModelConfig.FAMILY);

  private static final List<ModelConfig> MODELS =
      FAMILIES.stream().<ModelConfig>flatMap(f -> f.models().stream()).toList();

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
    return Require.oneOf("model", name, MODELS, ModelConfig::name);
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
    String text = Json.text(file);
    String format = Json.parse(text, file.toString()).path("format").asString("");
    List<String> formats = FAMILIES.stream().map(ModelFamily::format).toList();
    Require.that(
        formats.contains(format), "%s: /format must be one of %s, got %s", file, formats, format);
    return FAMILIES.get(formats.indexOf(format)).parse(text, file.toString());
  }
}
