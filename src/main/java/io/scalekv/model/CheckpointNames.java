package io.scalekv.model;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Names under which the weights of a model are found in a folder, the usual one first; {@code *}
 * stands for any characters.
 *
 * @param transformer files or folders of the transformer
 * @param tokenizer files or folders of the image tokenizer
 * @param text folder of the text encoder, or null for a model without one
 * @param origin where the files are published, or null for the project's own models
 * @param hashes beginnings of the SHA-256 hashes of published files, by name
 */
public record CheckpointNames(
    List<String> transformer,
    List<String> tokenizer,
    String text,
    String origin,
    Map<String, String> hashes) {
  /** Name of the transformer's weights in this project's model folders. */
  public static final String TRANSFORMER = "transformer.safetensors";

  /** Name of the tokenizer's weights in this project's model folders. */
  public static final String TOKENIZER = "vae.safetensors";

  /** The names in this project's model folders. */
  public static final CheckpointNames OWN =
      new CheckpointNames(List.of(TRANSFORMER), List.of(TOKENIZER), null, null);

  /** Creates names of files without known hashes. */
  public CheckpointNames(
      List<String> transformer, List<String> tokenizer, String text, String origin) {
    this(transformer, tokenizer, text, origin, Map.of());
  }

  /**
   * Returns the first of some names that is in a folder; of the files that one name with {@code *}
   * stands for, the first in order.
   */
  static Optional<Path> first(Path folder, List<String> names) {
    return names.stream().flatMap(name -> matching(folder, name)).findFirst();
  }

  private static Stream<Path> matching(Path folder, String name) {
    if (!name.contains("*")) {
      return Stream.of(folder.resolve(name)).filter(Files::exists);
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, name)) {
      return StreamSupport.stream(files.spliterator(), false).sorted().toList().stream();
    } catch (IOException e) {
      return Stream.of();
    }
  }

  /** Returns whether a folder holds the transformer or the tokenizer under one of the names. */
  public boolean anyIn(Path folder) {
    return first(folder, transformer).or(() -> first(folder, tokenizer)).isPresent();
  }

  /** Returns the usual names as text. */
  public String usual() {
    return transformer.get(0)
        + (text == null
            ? " and " + tokenizer.get(0)
            : ", " + tokenizer.get(0) + " and " + text + "/");
  }
}
