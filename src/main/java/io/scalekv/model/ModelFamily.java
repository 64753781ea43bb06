package io.scalekv.model;

import java.util.List;

/** Model family: the models that it knows by name and the reader of its configurations. */
public interface ModelFamily {
  /** Returns the name, such as {@code infinity}. */
  String name();

  /** Returns the {@code format} of its configurations. */
  String format();

  /** Returns the models known by name. */
  List<? extends ModelConfig> models();

  /**
   * Parses the text of a {@code config.json}.
   *
   * @param file for messages
   * @throws IllegalArgumentException with file and place if it is not a configuration
   */
  ModelConfig parse(String json, String file);
}
