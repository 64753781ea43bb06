package io.scalekv.model;

import io.scalekv.io.Require;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Model family: the models that it knows by name and the reader of its configurations. */
public interface ModelFamily {
  /** Returns the name, such as {@code infinity}. */
  String name();

  /** Returns the {@code format} of its configurations. */
  String format();

  /** Returns the drawing options that its models have, beside those of every model. */
  Set<DrawingOption> options();

  /** Returns the models known by name. */
  List<? extends ModelConfig> models();

  /** Returns the text of the {@code config.json} that comes with the project for a model. */
  static String shippedConfig(String model) {
    try (InputStream in =
        ModelFamily.class.getResourceAsStream(model + "/" + ModelCatalog.CONFIG)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Parses the text of a {@code config.json}.
   *
   * @param file for messages
   * @throws IllegalArgumentException with file and place if it is not a configuration
   */
  ModelConfig parse(String json, String file);

  /**
   * Checks that the family has all given options.
   *
   * @throws IllegalArgumentException with the name of one that it lacks
   */
  default void check(Collection<DrawingOption> given) {
    for (DrawingOption option : given) {
      Require.that(
          options().contains(option),
          "%s must not be given for a model of the family %s, which has %s",
          option,
          name(),
          options().stream().sorted().map(Object::toString).collect(Collectors.joining(", ")));
    }
  }
}
