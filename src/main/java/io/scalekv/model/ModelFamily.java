package io.scalekv.model;

import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.io.TextFile;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Model family.
 *
 * @param name such as {@code infinity}
 * @param format {@code format} of its configurations
 * @param options drawing options that its models have, beside those of every model
 * @param known maker of the models known by name
 * @param config type of its configurations
 */
public record ModelFamily(
    String name,
    String format,
    Set<DrawingOption> options,
    Supplier<List<? extends ModelConfig>> known,
    Class<? extends ModelConfig> config) {
  /** Returns the models known by name. */
  public List<? extends ModelConfig> models() {
    return known.get();
  }

  /** Returns the text of the {@code config.json} that comes with the project for a model. */
  public static String shippedConfig(String model) {
    String name = model + "/" + ModelCatalog.CONFIG;
    return TextFile.resource(ModelFamily.class, name).orElseThrow();
  }

  /**
   * Parses the text of a {@code config.json}.
   *
   * @param file for messages
   * @throws IllegalArgumentException with file and place if it is not a configuration
   */
  public ModelConfig parse(String json, String file) {
    return Json.bindOptional(Json.parse(json, file), config, file);
  }

  /**
   * Checks that the family has all given options.
   *
   * @throws IllegalArgumentException with the name of one that it lacks
   */
  public void check(Collection<DrawingOption> given) {
    for (DrawingOption option : given) {
      Require.that(
          options.contains(option),
          "%s must not be given for a model of the family %s, which has %s",
          option,
          name,
          options.stream().sorted().map(Object::toString).collect(Collectors.joining(", ")));
    }
  }
}
